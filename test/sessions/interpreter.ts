import * as tf from '@tensorflow/tfjs-core';
import { coins, quarters } from '../backend/random-tensors.js';
import { pause } from '../support/time.js';
import { functionOf } from './body.js';
import type { Action, Call, Definition, Session } from './session.js';
import type { SessionFunction } from './steps.js';
import { AssignableWeights, NUMBERS, WEIGHTS } from './weights.js';
import type { Weights } from './weights.js';

type Map4D = tf.Tensor4D;

/** A function that keeps the weights that it was made with. */
export type Capture = (
  make: (weights: Weights) => SessionFunction,
  weights: Weights,
  examples: tf.Tensor[],
) => SessionFunction & { dispose(): void };

/** What a session does on the current backend. */
export interface Host {
  readonly capture: Capture;
  readonly onThreshold: (scores: tf.Tensor, limit: tf.Tensor) => void;
}

interface Function {
  readonly call: SessionFunction;
  readonly isCaptured: boolean;
  readonly dispose: () => void;
}

const MOST_LIVE = 8;

/** Does what a session says on the current backend, and leaves nothing behind. */
export async function runSession(session: Session, host: Host): Promise<Float32Array[]> {
  const run = new SessionRun(session, host);
  for (const action of session.actions) await run.act(action);
  return run.end();
}

class SessionRun {
  private readonly weights: AssignableWeights;
  private readonly functions: Function[] = [];
  /** Outputs that are not disposed of. */
  private readonly live: Map4D[] = [];
  /** What was read, in the order in which it was asked for. */
  private readonly readings: Promise<Float32Array>[] = [];

  constructor(
    private readonly session: Session,
    private readonly host: Host,
  ) {
    this.weights = new AssignableWeights(session.shape[2], session.seed);
  }

  async act(action: Action): Promise<void> {
    const { live, functions, readings, weights } = this;
    switch (action.act) {
      case 'define':
        this.define(action);
        break;
      case 'call':
        if (functions.length > 0) this.call(action);
        break;
      case 'forget':
        if (functions.length > 0) this.take(functions, action.f).dispose();
        break;
      case 'assign':
        weights.assign(action.weight, action.seed);
        break;
      case 'read':
        if (live.length > 0) this.read(this.take(live, action.of));
        break;
      case 'ask':
        if (live.length > 0) this.ask(live[action.of % live.length]);
        break;
      case 'dispose':
        if (live.length > 0) this.take(live, action.of).dispose();
        break;
      case 'wait':
        for (let turn = 0; turn < action.turns; turn++) await pause(0);
        break;
      case 'settle':
        await Promise.all(readings);
        break;
      case 'move': {
        const { of } = action;
        const movable = [...live, ...WEIGHTS.map((name) => weights[name])];
        await moveAway(typeof of === 'string' ? weights[of] : movable[of % movable.length]);
      }
    }
  }

  async end(): Promise<Float32Array[]> {
    while (this.live.length > 0) this.read(this.take(this.live, 0));
    const values = await Promise.all(this.readings);
    for (const each of this.functions) each.dispose();
    this.weights.dispose();
    return values;
  }

  /** Takes one out, the latest first. */
  private take<T>(list: T[], which: number): T {
    return list.splice(list.length - 1 - (which % list.length), 1)[0];
  }

  private read(x: Map4D): void {
    this.readings.push(Promise.resolve(x.dataSync<'float32'>()));
    x.dispose();
  }

  private ask(x: Map4D): void {
    const values = x.data<'float32'>();
    // Who waits for it hears of it, later.
    values.catch(() => undefined);
    this.readings.push(values);
  }

  private define({ body, isCaptured, inner: which }: Definition): void {
    const { functions, weights, host } = this;
    const { onThreshold } = host;
    const captured = functions.filter((each) => each.isCaptured);
    const isNested = isCaptured && which !== null && captured.length > 0;
    const inner = isNested ? captured[which % captured.length].call : null;
    const make = (held: Weights): SessionFunction =>
      functionOf(body, { weights: held, inner, onThreshold });
    if (!isCaptured) {
      functions.push({ call: separately(make(weights)), isCaptured, dispose: () => undefined });
      return;
    }
    const examples = tf.tidy(() => this.inputs(NEW));
    const call = host.capture(make, weights, examples);
    tf.dispose(examples);
    functions.push({
      call,
      isCaptured,
      dispose: () => {
        call.dispose();
      },
    });
  }

  private call(call: Call): void {
    const { functions, live } = this;
    const inputs = tf.tidy(() => this.inputs(call));
    const f = functions[functions.length - 1 - (call.f % functions.length)].call;
    const outputs = call.isTidy ? tf.tidy(() => f(...inputs)) : f(...inputs);
    tf.dispose(inputs);
    live.push(...outputs);
    while (live.length > MOST_LIVE) live.splice(call.seed % MOST_LIVE, 1)[0].dispose();
  }

  /** A map, a mask, and numbers. */
  private inputs({ of, isMaskComputed, isNumberDeferred, seed }: typeof NEW): tf.Tensor[] {
    const { session, live } = this;
    const [height, width, channels] = session.shape;
    const isOld = typeof of === 'number' && live.length > 0;
    const values = quarters([1, height, width, channels], seed) as Map4D;
    const x = isOld ? tf.clone(live[live.length - 1 - (of % live.length)]) : values;
    const mask = coins([1, height, width, 1], 0.5, seed + 1);
    const numbers = session.numberShapes.map((shape, at) =>
      tf.fill(shape, NUMBERS[(seed + at) % NUMBERS.length]),
    );
    if (isNumberDeferred) numbers[0] = tf.reshape(tf.relu(tf.mean(x)), numbers[0].shape);
    return [
      of === 'relu' ? tf.relu(x) : x,
      isMaskComputed ? tf.cast(tf.greater(tf.mul(mask, 2), 1), 'float32') : mask,
      ...numbers,
    ];
  }
}

/** Inputs for which a function may be captured. */
const NEW: Pick<Call, 'of' | 'isMaskComputed' | 'isNumberDeferred' | 'seed'> = {
  ...{ of: 'values', isMaskComputed: false, isNumberDeferred: false, seed: 1 },
};

/** A function whose outputs are tensors of their own, even where it gives an input, or one tensor twice. */
export function separately(f: SessionFunction): SessionFunction {
  return (...inputs) => tf.tidy(() => f(...inputs).map((y) => tf.clone(y)));
}

async function moveAway(x: tf.Tensor): Promise<void> {
  const name = tf.getBackend();
  await tf.setBackend('cpu');
  tf.tidy(() => tf.add(x, 0).dataSync());
  await tf.setBackend(name);
}
