/** Transposition of matrices of float32. */
import { Word } from './command';
import { pointer, word } from './rows';
import { LANES } from './vector';

/**
 * Matrices [r0, r1) of InChannels columns at InBase, InStride bytes apart, with Param0 rows each, to
 * their transposes at OutBase. All are dense.
 */
export function f32_transpose(cmd: usize, r0: i32, r1: i32, _scratch: usize): void {
  const columns = word(cmd, Word.InChannels);
  const rows = word(cmd, Word.Param0);
  const bytes = pointer(cmd, Word.InStride);
  for (let r = r0; r < r1; r++) {
    const offset = (<usize>r) * bytes;
    transpose(pointer(cmd, Word.InBase) + offset, pointer(cmd, Word.OutBase) + offset, rows, columns);
  }
}

/** Goes down four columns at a time, so that what is written is four runs of numbers. */
function transpose(src: usize, dst: usize, rows: i32, columns: i32): void {
  const inPitch = (<usize>columns) << 2;
  const outPitch = (<usize>rows) << 2;
  let c = 0;
  for (; c + LANES <= columns; c += LANES) {
    let from = src + ((<usize>c) << 2);
    let to = dst + (<usize>c) * outPitch;
    let r = 0;
    for (; r + LANES <= rows; r += LANES, from += 4 * inPitch, to += 16) {
      const a = v128.load(from);
      const b = v128.load(from + inPitch);
      const d = v128.load(from + 2 * inPitch);
      const e = v128.load(from + 3 * inPitch);
      const ab = v128.shuffle<f32>(a, b, 0, 4, 1, 5);
      const de = v128.shuffle<f32>(d, e, 0, 4, 1, 5);
      const abHigh = v128.shuffle<f32>(a, b, 2, 6, 3, 7);
      const deHigh = v128.shuffle<f32>(d, e, 2, 6, 3, 7);
      v128.store(to, v128.shuffle<f64>(ab, de, 0, 2));
      v128.store(to + outPitch, v128.shuffle<f64>(ab, de, 1, 3));
      v128.store(to + 2 * outPitch, v128.shuffle<f64>(abHigh, deHigh, 0, 2));
      v128.store(to + 3 * outPitch, v128.shuffle<f64>(abHigh, deHigh, 1, 3));
    }
    for (; r < rows; r++, from += inPitch, to += 4) {
      const a = v128.load(from);
      v128.store32_lane(to, a, 0);
      v128.store32_lane(to + outPitch, a, 1);
      v128.store32_lane(to + 2 * outPitch, a, 2);
      v128.store32_lane(to + 3 * outPitch, a, 3);
    }
  }
  for (; c < columns; c++) {
    let from = src + ((<usize>c) << 2);
    let to = dst + (<usize>c) * outPitch;
    for (let r = 0; r < rows; r++, from += inPitch, to += 4) store<f32>(to, load<f32>(from));
  }
}
