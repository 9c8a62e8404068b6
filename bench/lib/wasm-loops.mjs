/**
 * Small loops in WebAssembly that show what a core does in a cycle: each is assembled here, since it
 * is a few instructions, and its operations cannot be left out.
 */

const I32 = 0x7f;
const F32 = 0x7d;
const V128 = 0x7b;

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
const get = (local) => [0x20, local];
const set = (local) => [0x21, local];
const tee = (local) => [0x22, local];
const repeat = (count, make) => Array.from({ length: count }, (_, i) => make(i)).flat();

const MADD = simd(0x105);
const F32X4_ADD = simd(0xe4);
const F32X4_LANE = [...simd(0x1f), 0];
const XOR = simd(0x51);
const load = (offset) => [...simd(0x00), 4, ...leb(offset)];
const store = (offset) => [...simd(0x0b), 4, ...leb(offset)];
const I32_ADD = [0x6a];
const I32_XOR = [0x73];

/** Bytes of memory that loops may walk over. */
const MEMORY_PAGES = 2048;

/**
 * A function `(iterations, address, mask) => f32` around a loop's body. Local 0 counts down, 1 is the
 * address, 2 the address's mask; 3 is an integer; vectors begin at 4.
 *
 * @param {number[]} body of the loop
 * @param {number} vectors that it uses
 * @param {number} touched bytes of the memory that it walks over
 */
async function instantiate(body, vectors, touched) {
  const sum = [...get(4), ...repeat(vectors - 1, (i) => [...get(5 + i), ...F32X4_ADD])];
  const code = [
    ...[2, 1, I32, ...leb(vectors), V128],
    ...[0x03, 0x40, ...body],
    ...[...get(0), 0x41, 1, 0x6b, ...tee(0), 0x0d, 0, 0x0b],
    ...[...sum, ...F32X4_LANE, ...get(3), 0xb2, 0x92, 0x0b],
  ];
  const bytes = new Uint8Array([
    ...[0, 0x61, 0x73, 0x6d, 1, 0, 0, 0],
    ...section(1, [1, 0x60, 3, I32, I32, I32, 1, F32]),
    ...section(3, [1, 0]),
    ...section(5, [1, 0, ...leb(MEMORY_PAGES)]),
    ...section(7, [2, 1, 0x66, 0, 0, 1, 0x6d, 2, 0]),
    ...section(10, [1, ...leb(code.length), ...code]),
  ]);
  const { instance } = await WebAssembly.instantiate(bytes);
  // Pages that nobody has written to are all one page.
  const words = new Int32Array(instance.exports.m.buffer, 0, touched / 4);
  for (let page = 0; page < words.length; page += 1024) words[page] = page;
  return instance.exports.f;
}

/**
 * A loop to be timed.
 *
 * @param {number[]} body
 * @param {number} operations in an iteration of the loop
 */
async function loop(body, operations, { vectors = 1, iterations = 20_000, mask = 0 } = {}) {
  const run = await instantiate(body, vectors, mask + 1);
  return { run: () => run(iterations, 0, mask), operations: operations * iterations };
}

const CHAIN = 32;

/** Integer operations that wait for one another: one takes a cycle on every core in use. */
export function integerChain() {
  const pair = [
    ...get(3),
    ...get(0),
    ...I32_ADD,
    ...set(3),
    ...get(3),
    ...get(1),
    ...I32_XOR,
    ...set(3),
  ];
  // The address and the counter are no constants, so nothing can be folded.
  return loop(
    repeat(CHAIN / 2, () => pair),
    CHAIN,
  );
}

/** Multiply-adds on so many accumulators, each of which waits for itself. */
export function multiplyAdds(accumulators) {
  const x = 4;
  const add = (i) => [...get(x), ...get(x), ...get(5 + i), ...MADD, ...set(5 + i)];
  const rounds = Math.max(1, Math.round(48 / accumulators));
  const body = repeat(rounds, () => repeat(accumulators, add));
  return loop(body, rounds * accumulators, { vectors: accumulators + 1 });
}

/** Loads of a block of code: of more, V8 would spill some, as it moves all of a block to its front. */
const BLOCK_LOADS = 8;

const loadAndUse = (i) => [
  ...get(1),
  ...load(16 * i),
  ...get(4 + (i % 4)),
  ...XOR,
  ...set(4 + (i % 4)),
];

/** Loads of vectors that lie in the first-level cache. */
export function loads() {
  return loop(repeat(BLOCK_LOADS, loadAndUse), BLOCK_LOADS, { vectors: 4, iterations: 100_000 });
}

/** Stores of vectors to the first-level cache. */
export function stores() {
  return loop(
    repeat(32, (i) => [...get(1), ...get(4), ...store(16 * i)]),
    32,
  );
}

/** A multiply-add on a value that comes from memory and goes back to where it was. */
export function chainThroughMemory() {
  const one = [...get(1), ...[...get(4), ...get(4), ...get(1), ...load(0), ...MADD], ...store(0)];
  return loop(
    repeat(8, () => one),
    8,
  );
}

/** Loads that walk over a buffer; an operation is a byte. */
export function stream(bytes) {
  const stride = 16 * BLOCK_LOADS;
  const step = [...get(1), 0x41, ...[0x80, 0x01], ...I32_ADD, ...get(2), 0x71, ...set(1)];
  const passes = Math.max(2, Math.ceil(2 ** 20 / bytes));
  return loop([...repeat(BLOCK_LOADS, loadAndUse), ...step], stride, {
    ...{ vectors: 4, iterations: (passes * bytes) / stride, mask: bytes - 1 },
  });
}
