/**
 * Resizing of images. Param0: corners are aligned (0, 1); Param1: pixel centres lie at halves
 * (0, 1). The arithmetic is that of the `wasm` backend, in float32.
 */
import { Word } from './command';
import { inPixelRow, outPixel, outRow, pointer, word } from './rows';
import { LANES, loadLanes, storeLanes, storePair, VECTOR } from './vector';
import { copyRow } from './row-copy';

/** Input size over output size, along one axis. */
@inline
export function scale(inSize: i32, outSize: i32, alignCorners: i32): f32 {
  return alignCorners && outSize > 1
    ? <f32>(inSize - 1) / <f32>(outSize - 1)
    : <f32>inSize / <f32>outSize;
}

/** The input coordinate nearest to output coordinate `i`, along one axis with that `scale`. */
@inline
export function nearestCoordinate(
  i: i32,
  ratio: f32,
  inSize: i32,
  alignCorners: i32,
  halfPixelCenters: i32,
): i32 {
  const exact: f32 = halfPixelCenters ? <f32>(<f64>ratio * (<f64>i + 0.5)) : ratio * <f32>i;
  const nearest = <i32>Math.floor(<f64>exact + (alignCorners ? 0.5 : 0));
  return min(nearest, inSize - 1);
}

/** The fractional input coordinate of output coordinate `i`, along one axis with that `scale`. */
@inline
export function linearCoordinate(
  i: i32,
  ratio: f32,
  inSize: i32,
  alignCorners: i32,
  halfPixelCenters: i32,
): f32 {
  if (alignCorners || !halfPixelCenters) return ratio * <f32>i;
  const exact = ratio * <f32>i + ((<f32>0.5) * ratio - <f32>0.5);
  return min(max(exact, <f32>0), <f32>(inSize - 1));
}

/** Each output row is the input row of the nearest pixel. */
export function f32_resize_nearest(cmd: usize, r0: i32, r1: i32, _scratch: usize): void {
  const inH = word(cmd, Word.InH);
  const inW = word(cmd, Word.InW);
  const outH = word(cmd, Word.OutH);
  const outW = word(cmd, Word.OutW);
  const align = word(cmd, Word.Param0);
  const half = word(cmd, Word.Param1);
  const scaleY = scale(inH, outH, align);
  const scaleX = scale(inW, outW, align);
  const channels = word(cmd, Word.InChannels);
  let last = -2;
  let column = 0;
  let line = 0;
  for (let r = r0; r < r1; r++) {
    const p = outPixel(cmd, r);
    // Most pixels follow the one before on its line, so that there is nothing to divide.
    if (p == last + 1 && column + 1 < outW) {
      column++;
    } else {
      const outLine = p / outW;
      column = p - outLine * outW;
      const n = outLine / outH;
      line = (n * inH + nearestCoordinate(outLine - n * outH, scaleY, inH, align, half)) * inW;
    }
    last = p;
    const x = nearestCoordinate(column, scaleX, inW, align, half);
    copyRow(outRow(cmd, r), inPixelRow(cmd, line + x), channels);
  }
}

/** Each output row is interpolated between the input rows of the four pixels around it. */
export function f32_resize_bilinear(cmd: usize, r0: i32, r1: i32, _scratch: usize): void {
  const inH = word(cmd, Word.InH);
  const inW = word(cmd, Word.InW);
  const outH = word(cmd, Word.OutH);
  const outW = word(cmd, Word.OutW);
  const align = word(cmd, Word.Param0);
  const half = word(cmd, Word.Param1);
  const scaleY = scale(inH, outH, align);
  const scaleX = scale(inW, outW, align);
  const channels = word(cmd, Word.InChannels);
  const isDense = !pointer(cmd, Word.InRowOf) && word(cmd, Word.InMask) == -1;
  const base = pointer(cmd, Word.InBase);
  const stride = pointer(cmd, Word.InStride);
  let last = -2;
  let column = 0;
  let topLine = 0;
  let bottomLine = 0;
  let alphaY = f32x4.splat(0);
  for (let r = r0; r < r1; r++) {
    const p = outPixel(cmd, r);
    if (p == last + 1 && column + 1 < outW) {
      column++;
    } else {
      const line = p / outW;
      column = p - line * outW;
      const n = line / outH;
      const y = linearCoordinate(line - n * outH, scaleY, inH, align, half);
      const top = <i32>y;
      topLine = (n * inH + top) * inW;
      bottomLine = (n * inH + min(top + 1, inH - 1)) * inW;
      alphaY = f32x4.splat(y - <f32>top);
    }
    last = p;
    const x = linearCoordinate(column, scaleX, inW, align, half);
    const left = <i32>x;
    const right = min(left + 1, inW - 1);
    const alphaX = f32x4.splat(x - <f32>left);
    const out = outRow(cmd, r);
    if (isDense) {
      const topLeft = base + <usize>(topLine + left) * stride;
      const bottomLeft = base + <usize>(bottomLine + left) * stride;
      const across = <usize>(right - left) * stride;
      interpolate(
        out,
        topLeft,
        topLeft + across,
        bottomLeft,
        bottomLeft + across,
        alphaX,
        alphaY,
        channels,
      );
    } else {
      interpolate(
        out,
        inPixelRow(cmd, topLine + left),
        inPixelRow(cmd, topLine + right),
        inPixelRow(cmd, bottomLine + left),
        inPixelRow(cmd, bottomLine + right),
        alphaX,
        alphaY,
        channels,
      );
    }
  }
}

@inline
function interpolate(
  out: usize,
  topLeft: usize,
  topRight: usize,
  bottomLeft: usize,
  bottomRight: usize,
  alphaX: v128,
  alphaY: v128,
  channels: i32,
): void {
  const end = out + ((<usize>(channels & -LANES)) << 2);
  for (; out + VECTOR < end; out += 32) {
    const top0 = lerp(v128.load(topLeft), v128.load(topRight), alphaX);
    const top1 = lerp(v128.load(topLeft, 16), v128.load(topRight, 16), alphaX);
    const bottom0 = lerp(v128.load(bottomLeft), v128.load(bottomRight), alphaX);
    const bottom1 = lerp(v128.load(bottomLeft, 16), v128.load(bottomRight, 16), alphaX);
    storePair(out, lerp(top0, bottom0, alphaY), lerp(top1, bottom1, alphaY));
    topLeft += 32;
    topRight += 32;
    bottomLeft += 32;
    bottomRight += 32;
  }
  if (out < end) {
    const top = lerp(v128.load(topLeft), v128.load(topRight), alphaX);
    const bottom = lerp(v128.load(bottomLeft), v128.load(bottomRight), alphaX);
    v128.store(out, lerp(top, bottom, alphaY));
    out += 16;
    topLeft += 16;
    topRight += 16;
    bottomLeft += 16;
    bottomRight += 16;
  }
  const rest = channels & (LANES - 1);
  if (rest) {
    const top = lerp(loadLanes(topLeft, rest), loadLanes(topRight, rest), alphaX);
    const bottom = lerp(loadLanes(bottomLeft, rest), loadLanes(bottomRight, rest), alphaX);
    storeLanes(out, lerp(top, bottom, alphaY), rest);
  }
}

@inline
function lerp(a: v128, b: v128, alpha: v128): v128 {
  return f32x4.add(a, f32x4.mul(f32x4.sub(b, a), alpha));
}
