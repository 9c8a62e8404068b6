/**
 * Functions of each value, of rows of InChannels float32: output row r reads the input row of its pixel, and may
 * be that row, in place. Most of them rest on one approximation of exp(x) - 1; NaN stays NaN.
 */
import { Comparison, Word } from './command';
import { flatRows, float, inPixelRow, outPixel, outRow, word } from './rows';
import { clamp, LANES, loadLanes, madd, storeLanes, storePair, VECTOR } from './vector';

/** The functions. Constant where used, so that one loop serves them all. */
const EXP: i32 = 0;
const SIGMOID: i32 = 1;
const TANH: i32 = 2;
const ELU: i32 = 3;
const SILU: i32 = 4;
const GELU: i32 = 5;
const SELF_GATE: i32 = 6;
const DIVIDE: i32 = 7;
const SQUARE: i32 = 8;
const CUBE: i32 = 9;
const SQRT: i32 = 10;
const RSQRT: i32 = 11;
const ABS: i32 = 12;
const COMPARE: i32 = 13;

/** out = exp(in) */
export function f32_exp(cmd: usize, r0: i32, r1: i32, scratch: usize): void {
  activate(cmd, r0, r1, scratch, EXP);
}

/** out = 1 / (1 + exp(-in)) */
export function f32_sigmoid(cmd: usize, r0: i32, r1: i32, scratch: usize): void {
  activate(cmd, r0, r1, scratch, SIGMOID);
}

/** out = tanh(in) */
export function f32_tanh(cmd: usize, r0: i32, r1: i32, scratch: usize): void {
  activate(cmd, r0, r1, scratch, TANH);
}

/** out = in < 0 ? exp(in) - 1 : in */
export function f32_elu(cmd: usize, r0: i32, r1: i32, scratch: usize): void {
  activate(cmd, r0, r1, scratch, ELU);
}

/** out = in * sigmoid(in), also called swish */
export function f32_silu(cmd: usize, r0: i32, r1: i32, scratch: usize): void {
  activate(cmd, r0, r1, scratch, SILU);
}

/** out = in * (1 + tanh(sqrt(2 / pi) * (in + 0.044715 * in^3))) / 2, the usual approximation */
export function f32_gelu(cmd: usize, r0: i32, r1: i32, scratch: usize): void {
  activate(cmd, r0, r1, scratch, GELU);
}

/**
 * out = in * (clamp(in + offset) * scale): hard swish, with offset 3, bounds 0 and 6, and scale 1/6. Param0 and
 * Param1: offset and scale, as float32; Min and Max: the bounds.
 */
export function f32_self_gate(cmd: usize, r0: i32, r1: i32, scratch: usize): void {
  activate(cmd, r0, r1, scratch, SELF_GATE);
}

/** out = in / Param0, a float32 */
export function f32_divide(cmd: usize, r0: i32, r1: i32, scratch: usize): void {
  activate(cmd, r0, r1, scratch, DIVIDE);
}

/** out = in^2 */
export function f32_square(cmd: usize, r0: i32, r1: i32, scratch: usize): void {
  activate(cmd, r0, r1, scratch, SQUARE);
}

/** out = in^3 */
export function f32_cube(cmd: usize, r0: i32, r1: i32, scratch: usize): void {
  activate(cmd, r0, r1, scratch, CUBE);
}

/** out = sqrt(in) */
export function f32_sqrt(cmd: usize, r0: i32, r1: i32, scratch: usize): void {
  activate(cmd, r0, r1, scratch, SQRT);
}

/** out = 1 / sqrt(in) */
export function f32_rsqrt(cmd: usize, r0: i32, r1: i32, scratch: usize): void {
  activate(cmd, r0, r1, scratch, RSQRT);
}

/** out = |in| */
export function f32_abs(cmd: usize, r0: i32, r1: i32, scratch: usize): void {
  activate(cmd, r0, r1, scratch, ABS);
}

/** out = 1 where in compares so with a number, else 0. Param0 and Param1: the number and the `Comparison`, as float32. */
export function f32_compare(cmd: usize, r0: i32, r1: i32, scratch: usize): void {
  activate(cmd, r0, r1, scratch, COMPARE);
}

@inline
function activate(cmd: usize, r0: i32, r1: i32, scratch: usize, operation: i32): void {
  tabulate(cmd, scratch);
  const channels = word(cmd, Word.InChannels);
  const flat = flatRows(cmd, r0, r1) > 0;
  for (let r = r0; r < r1; ) {
    const rows = flat ? flatRows(cmd, r, r1) : 1;
    let left = channels * rows;
    let a = inPixelRow(cmd, outPixel(cmd, r));
    let out = outRow(cmd, r);
    r += rows;
    for (; left >= 2 * LANES; left -= 2 * LANES, out += 2 * VECTOR, a += 2 * VECTOR) {
      const x0 = v128.load(a);
      const x1 = v128.load(a, 16);
      storePair(out, apply(operation, x0, scratch), apply(operation, x1, scratch));
    }
    for (; left > 0; left -= LANES, out += VECTOR, a += VECTOR) {
      const y = apply(operation, left < LANES ? loadLanes(a, left) : v128.load(a), scratch);
      if (left < LANES) storeLanes(out, y, left);
      else v128.store(out, y);
    }
  }
}

@inline
function apply(operation: i32, x: v128, table: usize): v128 {
  if (operation == EXP) return exp(x, table);
  if (operation == SIGMOID) return sigmoid(x, table);
  if (operation == TANH) return tanh(x, table);
  if (operation == ELU) return elu(x, table);
  if (operation == SILU) return f32x4.mul(x, sigmoid(x, table));
  if (operation == GELU) return f32x4.mul(x, sigmoid(geluArgument(x, table), table));
  if (operation == SELF_GATE) return selfGate(x, table);
  if (operation == DIVIDE) return f32x4.div(x, v128.load32_splat(table, FIRST));
  if (operation == SQUARE) return f32x4.mul(x, x);
  if (operation == CUBE) return f32x4.mul(f32x4.mul(x, x), x);
  if (operation == SQRT) return f32x4.sqrt(x);
  if (operation == RSQRT) return f32x4.div(v128.load32_splat(table, ONE), f32x4.sqrt(x));
  if (operation == COMPARE) return v128.and(compare(x, table), v128.load32_splat(table, ONE));
  return f32x4.abs(x);
}

/*
 * Numbers that the functions need, as float32 in scratch memory: V8 makes a vector of a constant anew, with
 * three instructions, wherever it is used, and loads one with a single instruction. These are their offsets.
 */
const LOG2E: usize = 0;
const SHIFTER: usize = 4;
const MINUS_LN2_HIGH: usize = 8;
const MINUS_LN2_LOW: usize = 12;
const Q4: usize = 16;
const Q3: usize = 20;
const Q2: usize = 24;
const Q1: usize = 28;
const Q0: usize = 32;
const ONE: usize = 36;
const TWO: usize = 40;
const LEAST_EXPONENT: usize = 44;
const LEAST_EXPM1: usize = 48;
const GELU_CUBIC: usize = 52;
const GELU_LINEAR: usize = 56;
const LEAST_EXP: usize = 60;
const MOST_EXP: usize = 64;
/** As integers. */
const BIAS: usize = 68;
const SIGN: usize = 72;
/** What the command has: Param0, Param1, Min, Max. */
const FIRST: usize = 76;
const SECOND: usize = 80;
const LOW: usize = 84;
const HIGH: usize = 88;

function tabulate(cmd: usize, table: usize): void {
  store<f32>(table, 1.44269504, LOG2E);
  store<f32>(table, SHIFT, SHIFTER);
  store<f32>(table, -0.693145751953125, MINUS_LN2_HIGH);
  store<f32>(table, -1.428606765330187e-6, MINUS_LN2_LOW);
  store<f32>(table, 0.00139466, Q4);
  store<f32>(table, 0.00836664, Q3);
  store<f32>(table, 0.04166628, Q2);
  store<f32>(table, 0.16666542, Q1);
  store<f32>(table, 0.5, Q0);
  store<f32>(table, 1, ONE);
  store<f32>(table, 2, TWO);
  store<f32>(table, -87.33654, LEAST_EXPONENT);
  store<f32>(table, -18, LEAST_EXPM1);
  store<f32>(table, 0.07135481627, GELU_CUBIC);
  store<f32>(table, 1.5957691216, GELU_LINEAR);
  store<f32>(table, -104, LEAST_EXP);
  store<f32>(table, 89, MOST_EXP);
  store<i32>(table, 127, BIAS);
  store<i32>(table, 0x80000000, SIGN);
  store<f32>(table, float(cmd, Word.Param0), FIRST);
  store<f32>(table, float(cmd, Word.Param1), SECOND);
  store<f32>(table, float(cmd, Word.Min), LOW);
  store<f32>(table, float(cmd, Word.Max), HIGH);
}

@inline
function compare(x: v128, table: usize): v128 {
  const number = v128.load32_splat(table, FIRST);
  const comparison = <i32>load<f32>(table, SECOND);
  if (comparison == Comparison.Greater) return f32x4.gt(x, number);
  if (comparison == Comparison.GreaterEqual) return f32x4.ge(x, number);
  if (comparison == Comparison.Less) return f32x4.lt(x, number);
  if (comparison == Comparison.LessEqual) return f32x4.le(x, number);
  if (comparison == Comparison.Equal) return f32x4.eq(x, number);
  return f32x4.ne(x, number);
}

@inline
function selfGate(x: v128, table: usize): v128 {
  const shifted = f32x4.add(x, v128.load32_splat(table, FIRST));
  const gate = clamp(shifted, v128.load32_splat(table, LOW), v128.load32_splat(table, HIGH));
  return f32x4.mul(x, f32x4.mul(gate, v128.load32_splat(table, SECOND)));
}

/** (1 + tanh(z)) / 2 is sigmoid(2 * z). */
@inline
function geluArgument(x: v128, table: usize): v128 {
  const cubic = v128.load32_splat(table, GELU_CUBIC);
  const linear = v128.load32_splat(table, GELU_LINEAR);
  return f32x4.mul(x, madd(f32x4.mul(x, x), cubic, linear));
}

@inline
function elu(x: v128, table: usize): v128 {
  return v128.bitselect(expm1(x, table), x, f32x4.lt(x, f32x4.splat(0)));
}

/** exp(-|x|) is at most 1: neither it nor what it is divided by overflows. Below 2^-126 it is 0. */
@inline
function sigmoid(x: v128, table: usize): v128 {
  const z = f32x4.neg(f32x4.abs(x));
  const n = nearestMultiple(z, table);
  const s = powerOf2(n);
  const isTiny = f32x4.lt(z, v128.load32_splat(table, LEAST_EXPONENT));
  const e = v128.andnot(madd(s, fraction(z, n, table), s), isTiny);
  const one = v128.load32_splat(table, ONE);
  const numerator = v128.bitselect(e, one, f32x4.lt(x, f32x4.splat(0)));
  return f32x4.div(numerator, f32x4.add(one, e));
}

/** -t / (t + 2) with t = exp(-2 * |x|) - 1, which keeps its digits near 0, and the sign of x. */
@inline
function tanh(x: v128, table: usize): v128 {
  const two = v128.load32_splat(table, TWO);
  const t = expm1(f32x4.neg(f32x4.mul(f32x4.abs(x), two)), table);
  const magnitude = f32x4.div(f32x4.neg(t), f32x4.add(t, two));
  return v128.bitselect(x, magnitude, v128.load32_splat(table, SIGN));
}

/*
 * exp(x) = 2^n * exp(r), where n is the integer nearest to x / ln(2), and |r| <= ln(2) / 2. There
 * exp(r) - 1 = r + r^2 * q(r), with q of degree 4 fitted to least relative error (1.7e-8). ln(2) is the sum of
 * two numbers, the first of so few digits that n times it is exact (Cody and Waite).
 *
 * n is kept in the lowest bits of a float32: 1.5 * 2^23, whose unit is 1, plus 127, the bias of exponents, plus n.
 */
const SHIFT: f32 = 12583039;

/** The integer nearest to x / ln(2), shifted. */
@inline
function nearestMultiple(x: v128, table: usize): v128 {
  return madd(x, v128.load32_splat(table, LOG2E), v128.load32_splat(table, SHIFTER));
}

/** 2^n, for n from -126 to 127. */
@inline
function powerOf2(shifted: v128): v128 {
  return i32x4.shl(shifted, 23);
}

/** exp(r) - 1 of what is left of x beyond n * ln(2). */
@inline
function fraction(x: v128, shifted: v128, table: usize): v128 {
  const n = f32x4.sub(shifted, v128.load32_splat(table, SHIFTER));
  let r = madd(n, v128.load32_splat(table, MINUS_LN2_HIGH), x);
  r = madd(n, v128.load32_splat(table, MINUS_LN2_LOW), r);
  let q = madd(r, v128.load32_splat(table, Q4), v128.load32_splat(table, Q3));
  q = madd(r, q, v128.load32_splat(table, Q2));
  q = madd(r, q, v128.load32_splat(table, Q1));
  q = madd(r, q, v128.load32_splat(table, Q0));
  return madd(f32x4.mul(r, r), q, r);
}

/** 2^n in two factors: alone it overflows, or loses digits, before exp(x) does. */
@inline
function exp(x: v128, table: usize): v128 {
  const least = v128.load32_splat(table, LEAST_EXP);
  const bounded = clamp(x, least, v128.load32_splat(table, MOST_EXP));
  const shifted = nearestMultiple(bounded, table);
  const p = fraction(bounded, shifted, table);
  const n = i32x4.sub(shifted, v128.load32_splat(table, SHIFTER));
  const half = i32x4.shr_s(n, 1);
  const bias = v128.load32_splat(table, BIAS);
  const first = powerOf2(i32x4.add(half, bias));
  return f32x4.mul(madd(first, p, first), powerOf2(i32x4.add(i32x4.sub(n, half), bias)));
}

/** exp(x) - 1 for x <= 0: -1 from -17.4 down. */
@inline
function expm1(x: v128, table: usize): v128 {
  const bounded = f32x4.pmax(x, v128.load32_splat(table, LEAST_EXPM1));
  const shifted = nearestMultiple(bounded, table);
  const s = powerOf2(shifted);
  const p = fraction(bounded, shifted, table);
  return madd(s, p, f32x4.sub(s, v128.load32_splat(table, ONE)));
}
