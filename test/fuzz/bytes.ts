import type { Random } from './random.js';

/** Breaks bytes in place or in a copy; returns them and what was done. */
export function breakBytes(bytes: Buffer, random: Random): [broken: Buffer, what: string] {
  const at = random.below(Math.max(bytes.length, 1));
  switch (random.below(5)) {
    case 0:
      return [bytes.subarray(0, at), `cut off at ${at} of ${bytes.length}`];
    case 1: {
      const length = 1 + random.below(16);
      return [
        Buffer.concat([bytes.subarray(0, at), bytes.subarray(at + length)]),
        `${length} bytes removed at ${at}`,
      ];
    }
    case 2: {
      const inserted = Buffer.from(
        Array.from({ length: 1 + random.below(16) }, () => random.below(256)),
      );
      return [
        Buffer.concat([bytes.subarray(0, at), inserted, bytes.subarray(at)]),
        `${inserted.length} bytes inserted at ${at}`,
      ];
    }
    default: {
      const broken = Buffer.from(bytes);
      const changes = 1 + random.below(8);
      // What a file begins with says how the rest is read.
      const range = random.chance(0.5) ? Math.min(64, bytes.length) : bytes.length;
      for (let i = 0; i < changes && range > 0; i++) {
        broken[random.below(range)] = random.chance(0.5) ? 255 : random.below(256);
      }
      return [broken, `${changes} of the first ${range} bytes changed`];
    }
  }
}

const FLOATS = [NaN, Infinity, -Infinity, 3e38, -3e38, 1e-40, -0];
const INTEGERS = [-1, 0, 1, 2, 3, 1000, 2 ** 20, 2 ** 31 - 1, -(2 ** 31)];

/** Sets some of the weights, or most, to values at the edge of their type. */
export function breakWeights(bytes: Buffer, random: Random): [broken: Buffer, what: string] {
  const broken = Buffer.from(bytes);
  const values = Math.floor(bytes.length / 4);
  if (values === 0) return [broken, 'nothing: there are no weights'];
  const integer = random.chance(0.3);
  const changes = 1 + random.below(random.chance(0.5) ? 3 : values);
  for (let i = 0; i < changes; i++) {
    const at = 4 * random.below(values);
    if (integer) broken.writeInt32LE(random.pick(INTEGERS), at);
    else broken.writeFloatLE(random.pick(FLOATS), at);
  }
  return [broken, `${changes} weights set to ${integer ? 'integers' : 'extremes'}`];
}
