import * as tf from '@tensorflow/tfjs-core';
import fc from 'fast-check';
import { Source } from '../backend/source.js';
import { bounded, runStep, STEPS } from './steps.js';
import type { Scope, SessionFunction } from './steps.js';

/** What a function of a session does: plain data, which fast-check can shrink. */
export interface Body {
  /** What each step reads follows from its seed. */
  steps: { step: string; seed: number }[];
  /** The number of a map, the latest first; one that is not bounded may be an input. */
  outputs: { of: number; isBounded: boolean; isCloned: boolean }[];
}

/** A number that says nothing of how large a program is. */
export const anySeed: fc.Arbitrary<number> = fc.noShrink(fc.nat(2 ** 31 - 1));

const mostly = (value: boolean): fc.Arbitrary<boolean> =>
  fc.oneof({ weight: 4, arbitrary: fc.constant(value) }, fc.constant(!value));

export const anyBody: fc.Arbitrary<Body> = fc.record({
  steps: fc.array(fc.record({ step: fc.constantFrom(...STEPS), seed: anySeed }), {
    minLength: 1,
    maxLength: 9,
    size: 'max',
  }),
  outputs: fc.array(
    fc.record({ of: fc.nat(2), isBounded: mostly(true), isCloned: mostly(false) }),
    { minLength: 1, maxLength: 3 },
  ),
});

type Surroundings = Pick<Scope, 'weights' | 'inner' | 'onThreshold'>;

/** The function that does what `body` says. */
export function functionOf(body: Body, surroundings: Surroundings): SessionFunction {
  return (...inputs) => tf.tidy(() => run(body, surroundings, inputs));
}

function run(
  { steps, outputs }: Body,
  surroundings: Surroundings,
  inputs: tf.Tensor[],
): tf.Tensor4D[] {
  const [x, mask, ...given] = inputs as [tf.Tensor4D, tf.Tensor4D, ...tf.Tensor[]];
  const maps = [x];
  const masks = [mask];
  const numbers = [...given, surroundings.weights.number, tf.scalar(0.75)];
  for (const { step, seed } of steps) {
    const source = new Source(seed);
    const of = source.chance(0.6) ? maps[maps.length - 1] : source.pick(...maps);
    runStep(step, of, { ...surroundings, inputs, maps, masks, numbers, source });
  }
  return outputs.map(({ of, isBounded, isCloned }) => {
    const map = maps[maps.length - 1 - (of % maps.length)];
    const output = isBounded ? bounded(map) : map;
    return isCloned ? tf.clone(output) : output;
  });
}
