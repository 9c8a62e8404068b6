/**
 * The tile of an indirect matrix product: 4, 6 or 8 output rows by 4, 8 or 16 output channels, whose
 * sums stay in registers. The shape is constant where the tile is used, and unused sums vanish.
 *
 * Every sum starts with the bias and adds tap by tap, channel by channel, whatever the shape: so all
 * shapes have the same results, to the bit.
 */
import { Word } from './command';
import { outRow } from './rows';
import { clamp, LANES, madd, never, storeLanes } from './vector';

/**
 * Up to `rows` rows from `r` by up to `columns` channels from `c`.
 *
 * @param height 4, 6 or 8: the rows of the tile
 * @param vectors 1, 2 or (height up to 6) 4: vectors of output channels
 * @param windows the addresses of the first four rows, `below` those of the next ones
 * @param pitch bytes from the addresses of a tap to those of the next one
 * @param weights the panel, as `pack_igemm` packs it
 */
@inline
export function tile(
  height: i32,
  vectors: i32,
  cmd: usize,
  windows: usize,
  below: usize,
  pitch: usize,
  window: i32,
  depth: i32,
  weights: usize,
  r: i32,
  rows: i32,
  c: i32,
  columns: i32,
): void {
  const step = (<usize>vectors) * 16;
  let s00 = v128.load(weights);
  let s01 = vectors > 1 ? v128.load(weights, 16) : s00;
  let s02 = vectors > 2 ? v128.load(weights, 32) : s00;
  let s03 = vectors > 2 ? v128.load(weights, 48) : s00;
  let s10 = s00;
  let s11 = s01;
  let s12 = s02;
  let s13 = s03;
  let s20 = s00;
  let s21 = s01;
  let s22 = s02;
  let s23 = s03;
  let s30 = s00;
  let s31 = s01;
  let s32 = s02;
  let s33 = s03;
  let s40 = s00;
  let s41 = s01;
  let s42 = s02;
  let s43 = s03;
  let s50 = s00;
  let s51 = s01;
  let s52 = s02;
  let s53 = s03;
  let s60 = s00;
  let s61 = s01;
  let s70 = s00;
  let s71 = s01;
  weights += step;
  do {
    let a0 = load<usize>(windows);
    let a1 = load<usize>(windows, 4);
    let a2 = load<usize>(windows, 8);
    let a3 = load<usize>(windows, 12);
    let a4 = height > 4 ? load<usize>(below) : 0;
    let a5 = height > 4 ? load<usize>(below, 4) : 0;
    let a6 = height > 6 ? load<usize>(below, 8) : 0;
    let a7 = height > 6 ? load<usize>(below, 12) : 0;
    windows += pitch;
    below += pitch;
    let k = depth;
    for (;;) {
      {
        const w0 = v128.load(weights);
        const w1 = vectors > 1 ? v128.load(weights, 16) : w0;
        const w2 = vectors > 2 ? v128.load(weights, 32) : w0;
        const w3 = vectors > 2 ? v128.load(weights, 48) : w0;
        const x0 = v128.load32_splat(a0);
        s00 = madd(x0, w0, s00);
        if (vectors > 1) s01 = madd(x0, w1, s01);
        if (vectors > 2) s02 = madd(x0, w2, s02);
        if (vectors > 2) s03 = madd(x0, w3, s03);
        if (never(k, 1)) break;
        const x1 = v128.load32_splat(a1);
        s10 = madd(x1, w0, s10);
        if (vectors > 1) s11 = madd(x1, w1, s11);
        if (vectors > 2) s12 = madd(x1, w2, s12);
        if (vectors > 2) s13 = madd(x1, w3, s13);
        if (never(k, 2)) break;
        const x2 = v128.load32_splat(a2);
        s20 = madd(x2, w0, s20);
        if (vectors > 1) s21 = madd(x2, w1, s21);
        if (vectors > 2) s22 = madd(x2, w2, s22);
        if (vectors > 2) s23 = madd(x2, w3, s23);
        if (never(k, 3)) break;
        const x3 = v128.load32_splat(a3);
        s30 = madd(x3, w0, s30);
        if (vectors > 1) s31 = madd(x3, w1, s31);
        if (vectors > 2) s32 = madd(x3, w2, s32);
        if (vectors > 2) s33 = madd(x3, w3, s33);
        if (height > 4) {
          if (never(k, 4)) break;
          const x4 = v128.load32_splat(a4);
          s40 = madd(x4, w0, s40);
          if (vectors > 1) s41 = madd(x4, w1, s41);
          if (vectors > 2) s42 = madd(x4, w2, s42);
          if (vectors > 2) s43 = madd(x4, w3, s43);
          if (never(k, 5)) break;
          const x5 = v128.load32_splat(a5);
          s50 = madd(x5, w0, s50);
          if (vectors > 1) s51 = madd(x5, w1, s51);
          if (vectors > 2) s52 = madd(x5, w2, s52);
          if (vectors > 2) s53 = madd(x5, w3, s53);
        }
        if (height > 6) {
          if (never(k, 6)) break;
          const x6 = v128.load32_splat(a6);
          s60 = madd(x6, w0, s60);
          if (vectors > 1) s61 = madd(x6, w1, s61);
          if (never(k, 7)) break;
          const x7 = v128.load32_splat(a7);
          s70 = madd(x7, w0, s70);
          if (vectors > 1) s71 = madd(x7, w1, s71);
        }
      }
      weights += step;
      // This exit splits the block, too.
      if (k == 1) break;
      {
        const w0 = v128.load(weights);
        const w1 = vectors > 1 ? v128.load(weights, 16) : w0;
        const w2 = vectors > 2 ? v128.load(weights, 32) : w0;
        const w3 = vectors > 2 ? v128.load(weights, 48) : w0;
        const x0 = v128.load32_splat(a0, 4);
        s00 = madd(x0, w0, s00);
        if (vectors > 1) s01 = madd(x0, w1, s01);
        if (vectors > 2) s02 = madd(x0, w2, s02);
        if (vectors > 2) s03 = madd(x0, w3, s03);
        if (never(k, 8)) break;
        const x1 = v128.load32_splat(a1, 4);
        s10 = madd(x1, w0, s10);
        if (vectors > 1) s11 = madd(x1, w1, s11);
        if (vectors > 2) s12 = madd(x1, w2, s12);
        if (vectors > 2) s13 = madd(x1, w3, s13);
        if (never(k, 9)) break;
        const x2 = v128.load32_splat(a2, 4);
        s20 = madd(x2, w0, s20);
        if (vectors > 1) s21 = madd(x2, w1, s21);
        if (vectors > 2) s22 = madd(x2, w2, s22);
        if (vectors > 2) s23 = madd(x2, w3, s23);
        if (never(k, 10)) break;
        const x3 = v128.load32_splat(a3, 4);
        s30 = madd(x3, w0, s30);
        if (vectors > 1) s31 = madd(x3, w1, s31);
        if (vectors > 2) s32 = madd(x3, w2, s32);
        if (vectors > 2) s33 = madd(x3, w3, s33);
        if (height > 4) {
          if (never(k, 11)) break;
          const x4 = v128.load32_splat(a4, 4);
          s40 = madd(x4, w0, s40);
          if (vectors > 1) s41 = madd(x4, w1, s41);
          if (vectors > 2) s42 = madd(x4, w2, s42);
          if (vectors > 2) s43 = madd(x4, w3, s43);
          if (never(k, 12)) break;
          const x5 = v128.load32_splat(a5, 4);
          s50 = madd(x5, w0, s50);
          if (vectors > 1) s51 = madd(x5, w1, s51);
          if (vectors > 2) s52 = madd(x5, w2, s52);
          if (vectors > 2) s53 = madd(x5, w3, s53);
        }
        if (height > 6) {
          if (never(k, 13)) break;
          const x6 = v128.load32_splat(a6, 4);
          s60 = madd(x6, w0, s60);
          if (vectors > 1) s61 = madd(x6, w1, s61);
          if (never(k, 14)) break;
          const x7 = v128.load32_splat(a7, 4);
          s70 = madd(x7, w0, s70);
          if (vectors > 1) s71 = madd(x7, w1, s71);
        }
      }
      weights += step;
      a0 += 8;
      a1 += 8;
      a2 += 8;
      a3 += 8;
      if (height > 4) {
        a4 += 8;
        a5 += 8;
      }
      if (height > 6) {
        a6 += 8;
        a7 += 8;
      }
      k -= 2;
      if (k == 0) break;
    }
  } while (--window);

  const lo = v128.load32_splat(cmd, Word.Min * 4);
  const hi = v128.load32_splat(cmd, Word.Max * 4);
  const offset = (<usize>c) << 2;
  // As in the windows, the last row stands in for those that are missing.
  const last = rows - 1;
  const out0 = outRow(cmd, r) + offset;
  storeRow(
    vectors, out0, columns, clamp(s00, lo, hi), clamp(s01, lo, hi),
    clamp(s02, lo, hi), clamp(s03, lo, hi),
  );
  const out1 = outRow(cmd, r + min(1, last)) + offset;
  storeRow(
    vectors, out1, columns, clamp(s10, lo, hi), clamp(s11, lo, hi),
    clamp(s12, lo, hi), clamp(s13, lo, hi),
  );
  const out2 = outRow(cmd, r + min(2, last)) + offset;
  storeRow(
    vectors, out2, columns, clamp(s20, lo, hi), clamp(s21, lo, hi),
    clamp(s22, lo, hi), clamp(s23, lo, hi),
  );
  const out3 = outRow(cmd, r + min(3, last)) + offset;
  storeRow(
    vectors, out3, columns, clamp(s30, lo, hi), clamp(s31, lo, hi),
    clamp(s32, lo, hi), clamp(s33, lo, hi),
  );
  if (height > 4) {
    const out4 = outRow(cmd, r + min(4, last)) + offset;
    storeRow(
      vectors, out4, columns, clamp(s40, lo, hi), clamp(s41, lo, hi),
      clamp(s42, lo, hi), clamp(s43, lo, hi),
    );
    const out5 = outRow(cmd, r + min(5, last)) + offset;
    storeRow(
      vectors, out5, columns, clamp(s50, lo, hi), clamp(s51, lo, hi),
      clamp(s52, lo, hi), clamp(s53, lo, hi),
    );
  }
  if (height > 6) {
    const out6 = outRow(cmd, r + min(6, last)) + offset;
    storeRow(
      vectors, out6, columns, clamp(s60, lo, hi), clamp(s61, lo, hi),
      s61, s61,
    );
    const out7 = outRow(cmd, r + min(7, last)) + offset;
    storeRow(
      vectors, out7, columns, clamp(s70, lo, hi), clamp(s71, lo, hi),
      s71, s71,
    );
  }
}

/** Stores up to `columns` channels of a row of 1, 2 or (4 or more) 4 vectors. */
@inline
export function storeRow(
  vectors: i32,
  out: usize,
  columns: i32,
  x0: v128,
  x1: v128,
  x2: v128,
  x3: v128,
): void {
  if (columns >= min(vectors, 4) * LANES) {
    v128.store(out, x0);
    if (vectors > 1) v128.store(out, x1, 16);
    if (vectors > 2) v128.store(out, x2, 32);
    if (vectors > 2) v128.store(out, x3, 48);
    return;
  }
  storePart(out, x0, columns);
  if (vectors > 1) storePart(out + 16, x1, columns - 4);
  if (vectors > 2) storePart(out + 32, x2, columns - 8);
  if (vectors > 2) storePart(out + 48, x3, columns - 12);
}

/** Stores the lanes of one vector that are among `columns`, which may be none. */
function storePart(out: usize, x: v128, columns: i32): void {
  if (columns >= LANES) v128.store(out, x);
  else if (columns > 0) storeLanes(out, x, columns);
}
