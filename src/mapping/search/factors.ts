import type { Loop } from '../workload/layer.js';

/** A loop as its prime factors, each with how often it occurs, in ascending order. */
interface Factors {
  readonly dim: string;
  readonly factors: number[];
}

/**
 * Splits loops into their prime factors, and joins the two smallest factors of the loop that has the
 * most of them until no more than `limit` are left, as LOMA does (Symons et al., "LOMA: Fast
 * Auto-Scheduling on DNN Accelerators through Loop-Order-based Memory Allocation", AICAS 2021). Every
 * loop keeps at least one factor.
 *
 * @returns the factors as loops; one loop of one iteration of `idleDim` where there are none
 */
export function loopPrimeFactors(loops: readonly Loop[], limit: number, idleDim: string): Loop[] {
  if (loops.length === 0) return [{ dim: idleDim, size: 1 }];
  const split: Factors[] = loops.map(({ dim, size }) => ({ dim, factors: primeFactors(size) }));
  let count = split.reduce((sum, { factors }) => sum + factors.length, 0);
  for (; count > Math.max(limit, loops.length); count--) {
    const { factors } = split.reduce((most, loop) =>
      loop.factors.length > most.factors.length ? loop : most,
    );
    const joined = factors[0] * factors[1];
    factors.splice(0, 2);
    const place = factors.findIndex((factor) => factor >= joined);
    factors.splice(place < 0 ? factors.length : place, 0, joined);
  }
  return split.flatMap(({ dim, factors }) => factors.map((size) => ({ dim, size })));
}

/** Prime factors of a whole number above 1, ascending. */
export function primeFactors(value: number): number[] {
  const factors: number[] = [];
  let rest = value;
  for (let prime = 2; prime * prime <= rest; prime++) {
    while (rest % prime === 0) {
      factors.push(prime);
      rest /= prime;
    }
  }
  if (rest > 1) factors.push(rest);
  return factors;
}

/** Divisors of a whole number, ascending. */
export function divisors(value: number): number[] {
  const low: number[] = [];
  const high: number[] = [];
  for (let divisor = 1; divisor * divisor <= value; divisor++) {
    if (value % divisor !== 0) continue;
    low.push(divisor);
    if (divisor * divisor !== value) high.push(value / divisor);
  }
  return [...low, ...high.reverse()];
}
