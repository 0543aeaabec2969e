/* switch.c - where a coroutine starts, and for processors without an inline switch (coroutine.h) the change of stacks.
 *
 * A new coroutine's stack is prepared by tr_coroutine_init_on so that the first switch to it goes on in
 * tr_coroutine_start, which finds the coroutine on the stack (x86-64) or in a callee-saved register.
 */
#include "sched/coroutine.h"

#if defined(__x86_64__)

__asm__(
    ".text\n"
    ".globl tr_coroutine_start\n"
    ".type tr_coroutine_start, @function\n"
    "tr_coroutine_start:\n"
    "    .cfi_startproc\n"
    "    .cfi_undefined rip\n" /* unwinders stop here */
    "    popq %rdi\n"
    "    call tr_coroutine_main\n"
    "    ud2\n"
    "    .cfi_endproc\n"
    ".size tr_coroutine_start, .-tr_coroutine_start\n"
    ".section .note.GNU-stack,\"\",@progbits\n"
    ".text\n");

#elif defined(__aarch64__)

__asm__(
    ".text\n"
    ".globl tr_switch_stack\n"
    ".type tr_switch_stack, %function\n"
    ".p2align 4\n"
    "tr_switch_stack:\n"
    "    stp x29, x30, [sp, #-160]!\n"
    "    stp x19, x20, [sp, #16]\n"
    "    stp x21, x22, [sp, #32]\n"
    "    stp x23, x24, [sp, #48]\n"
    "    stp x25, x26, [sp, #64]\n"
    "    stp x27, x28, [sp, #80]\n"
    "    stp d8, d9, [sp, #96]\n"
    "    stp d10, d11, [sp, #112]\n"
    "    stp d12, d13, [sp, #128]\n"
    "    stp d14, d15, [sp, #144]\n"
    "    mov x2, sp\n"
    "    str x2, [x0]\n"
    "    mov sp, x1\n"
    "    ldp x19, x20, [sp, #16]\n"
    "    ldp x21, x22, [sp, #32]\n"
    "    ldp x23, x24, [sp, #48]\n"
    "    ldp x25, x26, [sp, #64]\n"
    "    ldp x27, x28, [sp, #80]\n"
    "    ldp d8, d9, [sp, #96]\n"
    "    ldp d10, d11, [sp, #112]\n"
    "    ldp d12, d13, [sp, #128]\n"
    "    ldp d14, d15, [sp, #144]\n"
    "    ldp x29, x30, [sp], #160\n"
    "    ret\n"
    ".size tr_switch_stack, .-tr_switch_stack\n"
    ".globl tr_coroutine_start\n"
    ".type tr_coroutine_start, %function\n"
    "tr_coroutine_start:\n"
    "    mov x0, x19\n"
    "    bl tr_coroutine_main\n"
    "    brk #0\n"
    ".size tr_coroutine_start, .-tr_coroutine_start\n");

#else
#error "no stack switch for this processor: add one here"
#endif
