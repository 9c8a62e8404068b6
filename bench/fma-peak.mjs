/**
 * The machine's peak of float32 multiply-adds through WebAssembly: independent accumulators that
 * never leave their registers. The module is assembled here, since it is a few instructions.
 */

const ACCUMULATORS = 12;
const FLOP_PER_ITERATION = ACCUMULATORS * 4 * 2;

/** Unsigned LEB128. */
function leb(value) {
  const bytes = [];
  do {
    bytes.push((value & 0x7f) | (value > 0x7f ? 0x80 : 0));
    value >>>= 7;
  } while (value);
  return bytes;
}

const section = (id, bytes) => [id, ...leb(bytes.length), ...bytes];
const simd = (opcode) => [0xfd, ...leb(opcode)];
const LOCAL_GET = 0x20;
const LOCAL_SET = 0x21;
const LOCAL_TEE = 0x22;
const I32 = 0x7f;
const F32 = 0x7d;
const V128 = 0x7b;

function assemble(relaxed) {
  const x = 1; // Local 0 counts the iterations; accumulators follow x.
  const accumulator = (i) => 2 + i;
  const multiplyAdd = relaxed ? simd(0x105) : [...simd(0xe6), LOCAL_GET, x, ...simd(0xe4)];
  const operands = relaxed ? [LOCAL_GET, x, LOCAL_GET, x] : [LOCAL_GET, x];
  const body = [];
  for (let i = 0; i < ACCUMULATORS; i++) {
    // a = a * x + x: the product depends on the accumulator, or it would be computed only once.
    body.push(LOCAL_GET, accumulator(i), ...operands, ...multiplyAdd, LOCAL_SET, accumulator(i));
  }
  const sum = [];
  for (let i = 1; i < ACCUMULATORS; i++) sum.push(LOCAL_GET, accumulator(i), ...simd(0xe4));
  const code = [
    ...[1, ...leb(ACCUMULATORS + 1), V128],
    ...[0x03, 0x40, ...body],
    ...[LOCAL_GET, 0, 0x41, 1, 0x6b, LOCAL_TEE, 0, 0x0d, 0, 0x0b],
    ...[LOCAL_GET, accumulator(0), ...sum, ...simd(0x1f), 0, 0x0b],
  ];
  return new Uint8Array([
    ...[0, 0x61, 0x73, 0x6d, 1, 0, 0, 0],
    ...section(1, [1, 0x60, 1, I32, 1, F32]),
    ...section(3, [1, 0]),
    ...section(7, [1, 1, 0x66, 0, 0]),
    ...section(10, [1, ...leb(code.length), ...code]),
  ]);
}

/** A function that measures the peak once, in GFLOP/s. */
export async function fmaPeak(relaxed) {
  const { instance } = await WebAssembly.instantiate(assemble(relaxed));
  const iterations = 4e5;
  return () => {
    const start = performance.now();
    instance.exports.f(iterations);
    return (iterations * FLOP_PER_ITERATION) / (performance.now() - start) / 1e6;
  };
}
