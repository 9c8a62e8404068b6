import fc from 'fast-check';
import { accelerator, convolution, matrixProduct, memory, port } from '../examples.js';

/** Small layers. */
export const layers = fc.oneof(
  fc
    .tuple(fc.constantFrom(1, 3, 6, 8), fc.constantFrom(2, 4, 5, 12), fc.constantFrom(1, 4, 9, 16))
    .map(([d, k, c]) => matrixProduct(d, k, c)),
  fc
    .record({
      k: fc.integer({ min: 1, max: 8 }),
      c: fc.integer({ min: 1, max: 8 }),
      pixels: fc.integer({ min: 1, max: 8 }),
      kernel: fc.constantFrom(1, 2, 3),
      stride: fc.constantFrom(1, 2),
    })
    .map(({ k, c, pixels, kernel, stride }) => convolution(k, c, pixels, kernel, stride)),
);

/** Bandwidths in bits, which may be narrower than what an access moves. */
const bandwidth = fc.constantFrom(8, 16, 24, 64, 256);
const served = fc.subarray(['D1', 'D2']);

/** Registers for some operands, a memory that two of them share, and one that is large enough for all. */
export const accelerators = fc
  .record({
    d1: fc.integer({ min: 1, max: 5 }),
    d2: fc.integer({ min: 1, max: 4 }),
    weights: fc.option(fc.tuple(fc.constantFrom(8, 64, 256), served, bandwidth)),
    sums: fc.option(fc.tuple(fc.constantFrom(16, 64), served, bandwidth)),
    shared: fc.tuple(fc.constantFrom(512, 1024, 4096), bandwidth, bandwidth, fc.boolean()),
    outer: fc.tuple(bandwidth, fc.boolean()),
    systolic: fc.boolean(),
  })
  .map(({ d1, d2, weights, sums, shared, outer, systolic }) => {
    const all = ['D1', 'D2'];
    const memories = [];
    if (weights) {
      const [size, dimensions, bits] = weights;
      const ports = [port('read', bits, 'I2 tl'), port('write', bits, 'I2 fh')];
      memories.push(memory('weights', size, ['I2'], dimensions, ...ports));
    }
    if (sums) {
      const [size, dimensions, bits] = sums;
      const ports = [port('read', bits, 'O tl', 'O th'), port('write', bits, 'O fl', 'O fh')];
      memories.push(memory('sums', size, ['O'], dimensions, ...ports));
    }
    const [size, read, write, forceDoubleBuffering] = shared;
    const sharedMemory = memory(
      'shared',
      size,
      ['I1', 'O'],
      all,
      port('read', read, 'I1 tl', 'O tl', 'O th'),
      port('write', write, 'I1 fh', 'O fl', 'O fh'),
    );
    memories.push({ ...sharedMemory, forceDoubleBuffering });
    const [bits, isOnePort] = outer;
    const reads = ['I1 tl', 'I2 tl', 'O tl', 'O th'];
    const writes = ['I1 fh', 'I2 fh', 'O fl', 'O fh'];
    const ports = isOnePort
      ? [port('read_write', bits, ...reads, ...writes)]
      : [port('read', bits, ...reads), port('write', bits, ...writes)];
    memories.push(memory('outer', 1e6, ['I1', 'I2', 'O'], all, ...ports));
    return accelerator({ D1: d1, D2: d2 }, memories, systolic ? ['D1'] : []);
  });
