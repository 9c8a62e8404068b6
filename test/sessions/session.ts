import fc from 'fast-check';
import { anyBody, anySeed } from './body.js';
import type { Body } from './body.js';
import { WEIGHTS } from './weights.js';
import type { Weights } from './weights.js';

/*
 * Random sessions: programs that capture functions, call them, change weights, and read and dispose of tensors at
 * random moments, with values still on their way. They are plain data; what an action is done to is named by
 * number, modulo what there is.
 */

/** A new function, which is captured or not, and which may call one that is. */
export interface Definition {
  body: Body;
  isCaptured: boolean;
  inner: number | null;
}

export interface Call {
  f: number;
  /** Of an earlier output, of new values, or of the relu of new values. */
  of: number | 'values' | 'relu';
  /** The mask is computed by a comparison. */
  isMaskComputed: boolean;
  /** The first number is still to be computed. */
  isNumberDeferred: boolean;
  isTidy: boolean;
  seed: number;
}

export type Action =
  | ({ act: 'define' } & Definition)
  | ({ act: 'call' } & Call)
  | { act: 'forget'; f: number }
  | { act: 'assign'; weight: keyof Weights; seed: number }
  /** `read` is dataSync(), and `ask` is data(), whose values may be waited for much later. */
  | { act: 'read' | 'ask' | 'dispose'; of: number }
  /** Some turns of the event loop go by. */
  | { act: 'wait'; turns: number }
  /** All that was asked for has arrived. */
  | { act: 'settle' }
  /** Something goes over to another backend, and comes back when it is needed. */
  | { act: 'move'; of: number | keyof Weights };

export interface Session {
  seed: number;
  /** Height, width, channels of all maps. */
  shape: [number, number, number];
  /** Of the three numbers that each function gets. */
  numberShapes: number[][];
  actions: Action[];
}

const which = fc.nat(99);
const anyDefinition: fc.Arbitrary<Action> = fc.record({
  act: fc.constant('define' as const),
  body: anyBody,
  isCaptured: fc.constantFrom(true, true, true, true, false),
  inner: fc.oneof(which, fc.constant(null)),
});
const anyCall: fc.Arbitrary<Action> = fc.record({
  act: fc.constant('call' as const),
  f: which,
  of: fc.oneof(which, fc.constantFrom('values' as const, 'relu' as const)),
  isMaskComputed: fc.constantFrom(false, false, true),
  isNumberDeferred: fc.constantFrom(false, false, false, true),
  isTidy: fc.boolean(),
  seed: anySeed,
});
const anyAction: fc.Arbitrary<Action> = fc.oneof(
  { weight: 5, arbitrary: anyCall },
  { weight: 2, arbitrary: anyDefinition },
  { weight: 1, arbitrary: fc.record({ act: fc.constant('forget' as const), f: which }) },
  {
    weight: 2,
    arbitrary: fc.record({
      act: fc.constant('assign' as const),
      weight: fc.constantFrom(...WEIGHTS),
      seed: anySeed,
    }),
  },
  {
    weight: 5,
    arbitrary: fc.record({
      act: fc.constantFrom('read' as const, 'read' as const, 'ask' as const, 'ask' as const, 'dispose' as const), // prettier-ignore
      of: which,
    }),
  },
  fc.record({ act: fc.constant('wait' as const), turns: fc.integer({ min: 1, max: 4 }) }),
  fc.record({ act: fc.constant('settle' as const) }),
  fc.record({
    act: fc.constant('move' as const),
    of: fc.oneof(which, fc.constantFrom(...WEIGHTS)),
  }),
);

const anyChannels = fc.constantFrom(2, 4, 8, 16);
const anySide = fc.integer({ min: 2, max: 9 });
const anyNumberShape = fc.constantFrom<number[][]>([], [], [1], [1, 1, 1, 1]);

export const anySession: fc.Arbitrary<Session> = fc.record({
  seed: anySeed,
  shape: fc.oneof(
    { weight: 9, arbitrary: fc.tuple(anySide, anySide, anyChannels) },
    { weight: 1, arbitrary: fc.tuple(fc.constant(24), fc.constant(20), anyChannels) },
  ),
  numberShapes: fc.array(anyNumberShape, { minLength: 3, maxLength: 3 }),
  // Without a function there is nothing to call.
  actions: fc
    .tuple(anyDefinition, fc.array(anyAction, { maxLength: 25, size: 'max' }))
    .map(([first, others]) => [first, ...others]),
});
