/* classes.c - the list of all ClassDefs, once. A class that is not here has no methods.
 *
 * One line each, in alphabetical order; the order does not matter, except that `init` functions run in it.
 */
#include "vm/method.h"

#define ALL_CLASS_DEFS(X) \
    X(tr_array_class_def) \
    X(tr_backtrace_class) X(tr_backtrace_location_class) \
    X(tr_basic_object_def) \
    X(tr_basic_object_send_def) \
    X(tr_binding_class) \
    X(tr_class_class_def) \
    X(tr_clock_def) \
    X(tr_comparable_def) \
    X(tr_complex_def) \
    X(tr_condition_variable_def) \
    X(tr_data_class_def) \
    X(tr_deadlock_def) \
    X(tr_watchdog_def) \
    X(tr_dir_def) \
    X(tr_encoding_class) \
    X(tr_encoding_converter_def) \
    X(tr_enumerator_class_def) \
    X(tr_env_def) \
    X(tr_exception_class) \
    X(tr_false_def) \
    X(tr_fiber_def) \
    X(tr_file_def) \
    X(tr_file_stat_def) \
    X(tr_file_test_def) \
    X(tr_float_def) \
    X(tr_fork_def) \
    X(tr_frozen_error_class) \
    X(tr_gc_def) \
    X(tr_generator_class_def) \
    X(tr_globals_def) \
    X(tr_hash_class_def) \
    X(tr_integer_def) \
    X(tr_interrupt_class) \
    X(tr_invalid_byte_sequence_class) \
    X(tr_io_buffer_def) \
    X(tr_io_def) \
    X(tr_io_select_def) \
    X(tr_iseq_def) \
    X(tr_kernel_autoload_def) \
    X(tr_kernel_control_def) \
    X(tr_kernel_convert_def) \
    X(tr_kernel_format_def) \
    X(tr_kernel_object_def) \
    X(tr_kernel_output_def) \
    X(tr_kernel_reflection_def) \
    X(tr_kernel_trace_def) \
    X(tr_kernel_warn_def) \
    X(tr_key_error_class) \
    X(tr_load_error_class) \
    X(tr_local_jump_error_class) \
    X(tr_marshal_def) \
    X(tr_match_class) \
    X(tr_math_def) \
    X(tr_method_def) \
    X(tr_module_class_def) \
    X(tr_module_constant_def) \
    X(tr_module_refine_def) \
    X(tr_module_reflection_def) \
    X(tr_moved_object_class_def) \
    X(tr_mutex_def) \
    X(tr_name_error_class) \
    X(tr_nil_def) \
    X(tr_no_matching_pattern_key_error_class) \
    X(tr_no_method_error_class) \
    X(tr_object_space_def) \
    X(tr_pack_def) \
    X(tr_port_class_def) \
    X(tr_proc_class) \
    X(tr_process_def) \
    X(tr_process_fork_def) \
    X(tr_process_identity_def) \
    X(tr_process_limits_def) \
    X(tr_process_status_def) \
    X(tr_queue_def) \
    X(tr_ractor_class_def) \
    X(tr_random_def) \
    X(tr_range_class_def) \
    X(tr_rational_def) \
    X(tr_refinement_def) \
    X(tr_regexp_class) \
    X(tr_remote_error_class_def) \
    X(tr_require_def) \
    X(tr_ruby_module_def) \
    X(tr_set_class_def) \
    X(tr_signal_def) \
    X(tr_signal_exception_class) \
    X(tr_signal_kernel_def) \
    X(tr_sized_queue_def) \
    X(tr_stop_iteration_class) \
    X(tr_string_class) \
    X(tr_struct_class_def) \
    X(tr_symbol_class) \
    X(tr_syntax_error_class) \
    X(tr_system_call_error_class) \
    X(tr_system_exit_class) \
    X(tr_thread_def) \
    X(tr_thread_group_def) \
    X(tr_thread_sleep_def) \
    X(tr_time_def) \
    X(tr_true_def) \
    X(tr_unbound_method_def) \
    X(tr_uncaught_throw_error_class) \
    X(tr_undefined_conversion_class) \
    X(tr_warning_def) \
    X(tr_yielder_class_def) \

#define DECLARE(name) extern const ClassDef name;
ALL_CLASS_DEFS(DECLARE)
#undef DECLARE

#define ADDRESS(name) &name,
const ClassDef *const tr_class_defs[] = { ALL_CLASS_DEFS(ADDRESS) NULL };
#undef ADDRESS
