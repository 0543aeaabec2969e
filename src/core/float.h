/* float.h - Float's pieces for the other numeric files. */
#ifndef TR_CORE_FLOAT_H
#define TR_CORE_FLOAT_H

/* Shortest digits of a finite, non-zero double: 0.DIGITS * 10**point; returns how many. */
int tr_double_digits(double d, char digits[20], int *point);

#endif
