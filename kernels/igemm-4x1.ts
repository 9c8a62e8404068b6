/**
 * Convolution with few output channels (decision layers) as an indirect matrix product, in tiles of
 * 4 output rows by 1 output channel, vectorised over the input channels.
 */
import { Word } from './command';
import { float, outRow, pointer, word } from './rows';
import { LANES, loadLanes, madd, sumLanes, VECTOR } from './vector';
import { fillWindows, scratchRows, tapPitch, taps, TILE } from './window';

/** Rows whose addresses are computed at a time: few, so that they stay in the first-level cache. */
const BLOCK: i32 = 64;

/** Bytes of one channel's packed weights: a vector for the bias, then whole vectors for each tap. */
@inline
function channelBytes(taps: i32, cin: i32): usize {
  const vectors = (cin + LANES - 1) / LANES;
  return (<usize>(1 + taps * vectors)) * VECTOR;
}

/** Bytes of the weights that `pack_igemm_x1` packs. */
export function packed_igemm_x1_bytes(taps: i32, cin: i32, cout: i32): usize {
  return (<usize>cout) * channelBytes(taps, cin);
}

/**
 * Packs weights [taps, cin, cout] at `src` and biases [cout] at `bias` (0: none) by output channel,
 * [cout][bias and 3 zeros, then [tap][cin, filled up with zeros to a multiple of 4]].
 */
export function pack_igemm_x1(
  src: usize,
  bias: usize,
  taps: i32,
  cin: i32,
  cout: i32,
  dst: usize,
): void {
  const width = (cin + LANES - 1) & -LANES;
  for (let c = 0; c < cout; c++) {
    store<f32>(dst, bias ? load<f32>(bias + ((<usize>c) << 2)) : 0);
    for (let k = 1; k < LANES; k++) store<f32>(dst + ((<usize>k) << 2), 0);
    dst += VECTOR;
    for (let tap = 0; tap < taps; tap++) {
      for (let k = 0; k < width; k++, dst += 4) {
        const index = (tap * cin + k) * cout + c;
        store<f32>(dst, k < cin ? load<f32>(src + ((<usize>index) << 2)) : 0);
      }
    }
  }
}

/**
 * out[r][c] = clamp(bias[c] + sum over taps and input channels of in * weight). Weights as
 * `pack_igemm_x1` packs them; at most 4096 taps. InChannels values are read from the address of
 * each tap's row on, whatever the stride.
 */
export function f32_igemm_4x1(cmd: usize, r0: i32, r1: i32, scratch: usize): void {
  const window = taps(cmd);
  const depth = word(cmd, Word.InChannels);
  const channels = word(cmd, Word.OutChannels);
  const weights = pointer(cmd, Word.Weights);
  const weightsBytes = channelBytes(window, depth);
  const block = min(BLOCK, scratchRows(cmd));
  for (let b = r0; b < r1; b += block) {
    const end = min(b + block, r1);
    const pitch = tapPitch(end - b);
    fillWindows(cmd, b, end - b, pointer(cmd, Word.Zero), scratch);
    let windows = scratch;
    for (let r = b; r < end; r += TILE, windows += TILE << 2) {
      for (let c = 0; c < channels; c++) {
        tile(cmd, windows, pitch, window, depth, weights + (<usize>c) * weightsBytes, r, end - r, c);
      }
    }
  }
}

/** One tile: up to 4 rows from `r`, channel `c`. Two accumulators a row hide the latency. */
function tile(
  cmd: usize,
  windows: usize,
  pitch: usize,
  window: i32,
  depth: i32,
  weights: usize,
  r: i32,
  rows: i32,
  c: i32,
): void {
  let even0 = v128.load(weights);
  let even1 = even0;
  let even2 = even0;
  let even3 = even0;
  let odd0 = f32x4.splat(0);
  let odd1 = odd0;
  let odd2 = odd0;
  let odd3 = odd0;
  weights += VECTOR;
  do {
    let a0 = load<usize>(windows);
    let a1 = load<usize>(windows, 4);
    let a2 = load<usize>(windows, 8);
    let a3 = load<usize>(windows, 12);
    windows += pitch;
    let k = depth;
    for (; k >= 2 * LANES; k -= 2 * LANES) {
      const w0 = v128.load(weights);
      even0 = madd(v128.load(a0), w0, even0);
      even1 = madd(v128.load(a1), w0, even1);
      even2 = madd(v128.load(a2), w0, even2);
      even3 = madd(v128.load(a3), w0, even3);
      const w1 = v128.load(weights, 16);
      odd0 = madd(v128.load(a0, 16), w1, odd0);
      odd1 = madd(v128.load(a1, 16), w1, odd1);
      odd2 = madd(v128.load(a2, 16), w1, odd2);
      odd3 = madd(v128.load(a3, 16), w1, odd3);
      weights += 2 * VECTOR;
      a0 += 2 * VECTOR;
      a1 += 2 * VECTOR;
      a2 += 2 * VECTOR;
      a3 += 2 * VECTOR;
    }
    if (k >= LANES) {
      const w = v128.load(weights);
      even0 = madd(v128.load(a0), w, even0);
      even1 = madd(v128.load(a1), w, even1);
      even2 = madd(v128.load(a2), w, even2);
      even3 = madd(v128.load(a3), w, even3);
      weights += VECTOR;
      a0 += VECTOR;
      a1 += VECTOR;
      a2 += VECTOR;
      a3 += VECTOR;
      k -= LANES;
    }
    if (k) {
      const w = v128.load(weights);
      odd0 = madd(loadLanes(a0, k), w, odd0);
      odd1 = madd(loadLanes(a1, k), w, odd1);
      odd2 = madd(loadLanes(a2, k), w, odd2);
      odd3 = madd(loadLanes(a3, k), w, odd3);
      weights += VECTOR;
    }
  } while (--window);

  const offset = (<usize>c) << 2;
  storeSum(cmd, outRow(cmd, r) + offset, even0, odd0);
  if (rows < 2) return;
  storeSum(cmd, outRow(cmd, r + 1) + offset, even1, odd1);
  if (rows < 3) return;
  storeSum(cmd, outRow(cmd, r + 2) + offset, even2, odd2);
  if (rows < 4) return;
  storeSum(cmd, outRow(cmd, r + 3) + offset, even3, odd3);
}

/** Stores the clamped sum of all lanes. */
@inline
function storeSum(cmd: usize, out: usize, even: v128, odd: v128): void {
  const sum = sumLanes(f32x4.add(even, odd));
  store<f32>(out, min(max(sum, float(cmd, Word.Min)), float(cmd, Word.Max)));
}
