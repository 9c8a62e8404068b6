/**
 * Two loops that do the same work and differ in one thing: whether an engine that makes 256-bit
 * operations of neighbouring 128-bit ones finds neighbours in them. It starts from stores of vectors
 * that lie side by side and follow each other.
 */
import { madd } from './vector';

/** Sums that are stored side by side. `at`: 240 bytes, whose first 224 the sums start from. */
export function vector_width_adjacent(rounds: i32, at: usize): void {
  loop(rounds, at, true);
}

/** The same sums, stored in another order. */
export function vector_width_apart(rounds: i32, at: usize): void {
  loop(rounds, at, false);
}

@inline
function loop(rounds: i32, at: usize, adjacent: bool): void {
  let a0 = v128.load(at);
  let a1 = v128.load(at, 16);
  let b0 = v128.load(at, 32);
  let b1 = v128.load(at, 48);
  let c0 = v128.load(at, 64);
  let c1 = v128.load(at, 80);
  let d0 = v128.load(at, 96);
  let d1 = v128.load(at, 112);
  let e0 = v128.load(at, 128);
  let e1 = v128.load(at, 144);
  let f0 = v128.load(at, 160);
  let f1 = v128.load(at, 176);
  let g0 = v128.load(at, 192);
  let g1 = v128.load(at, 208);
  const x = v128.load32_splat(at, 224);
  do {
    a0 = madd(a0, x, x);
    a1 = madd(a1, x, x);
    b0 = madd(b0, x, x);
    b1 = madd(b1, x, x);
    c0 = madd(c0, x, x);
    c1 = madd(c1, x, x);
    d0 = madd(d0, x, x);
    d1 = madd(d1, x, x);
    e0 = madd(e0, x, x);
    e1 = madd(e1, x, x);
    f0 = madd(f0, x, x);
    f1 = madd(f1, x, x);
    g0 = madd(g0, x, x);
    g1 = madd(g1, x, x);
  } while (--rounds);
  if (adjacent) {
    v128.store(at, a0);
    v128.store(at, a1, 16);
    v128.store(at, b0, 32);
    v128.store(at, b1, 48);
    v128.store(at, c0, 64);
    v128.store(at, c1, 80);
    v128.store(at, d0, 96);
    v128.store(at, d1, 112);
    v128.store(at, e0, 128);
    v128.store(at, e1, 144);
    v128.store(at, f0, 160);
    v128.store(at, f1, 176);
    v128.store(at, g0, 192);
    v128.store(at, g1, 208);
  } else {
    v128.store(at, a0);
    v128.store(at, b0, 32);
    v128.store(at, c0, 64);
    v128.store(at, d0, 96);
    v128.store(at, e0, 128);
    v128.store(at, f0, 160);
    v128.store(at, g0, 192);
    v128.store(at, a1, 16);
    v128.store(at, b1, 48);
    v128.store(at, c1, 80);
    v128.store(at, d1, 112);
    v128.store(at, e1, 144);
    v128.store(at, f1, 176);
    v128.store(at, g1, 208);
  }
}
