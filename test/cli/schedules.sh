# A schedule made from a seed can be had again, and is one of many; TROUPE_PREEMPT=always ends like any other.
program=test/stress/schedules.rb
first=$(TROUPE_SCHED_SEED=1 "$troupe" "$program") || echo "seed 1 fails"
[ "$(TROUPE_SCHED_SEED=1 "$troupe" "$program")" = "$first" ] && echo "the same seed, the same order"
for seed in 2 3 4 5 6 7 8; do
    order=$(TROUPE_SCHED_SEED=$seed "$troupe" "$program") || echo "seed $seed fails"
    [ "$order" != "$first" ] && differs=yes
done
[ "$differs" = yes ] && echo "another seed, another order"
TROUPE_PREEMPT=always "$troupe" "$program" >/dev/null && echo "always preempted: holds"
TROUPE_LOG=gc "$troupe" -e 'GC.start' 2>&1 | sed -n 's/^\[[0-9.]*\] \(gc: Ractor 1: major\).*/\1/p'
TROUPE_LOG=nonsense "$troupe" -e 'puts 1' 2>&1
