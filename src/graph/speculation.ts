import type { Runtime } from '../arrays/runtime.js';
import { Driver } from './driver.js';
import type { Purpose } from './driver.js';
import { nodeOf } from './node.js';
import type { Node } from './node.js';
import type { Deferred, Storage } from './storage.js';

/** Nodes that were computed whole: a key of each by its place. */
type Wholes = Map<number, string>;

/** So many deferrals after its own, a tensor is not waited for any more. */
const LONGEST_WAIT = 48;
/** Evaluations without speculation after one in vain. */
const REST_AFTER_WASTE = 16;
/** Evaluations that are remembered: programs often use a few models in turn. */
const MOST_REMEMBERED = 4;

/**
 * Speculative execution: while TensorFlow.js still goes through a model, lanes compute what the last evaluation computed
 * whole before it had to look at a mask. A model's graph repeats, so the tensor that is deferred in the same place is
 * wanted again. Where it is not, time is lost, and nothing else: it stays deferred until somebody asks.
 */
export class Speculation {
  private static readonly all = new WeakMap<Runtime, Speculation>();
  /** An evaluation is under way. */
  private isEvaluating = false;
  /** Tensors deferred since the last evaluation. */
  private count = 0;
  /** A hash of the weights that they read, in order. */
  private weights = 0;
  private hasEvaluated = false;
  private rest = 0;
  /** What the last evaluations computed whole, by their places; the newest first. */
  private readonly remembered: Wholes[] = [];
  /** That of them which what is deferred now has been like. */
  private expected: Wholes = new Map();
  /** What evaluations have computed whole since the last deferral. */
  private seen: Wholes = new Map();
  /** What is expected and deferred, but not closed yet. */
  private open: Storage[] = [];

  static of(runtime: Runtime): Speculation {
    let speculation = this.all.get(runtime);
    if (!speculation) this.all.set(runtime, (speculation = new Speculation(runtime)));
    return speculation;
  }

  /** The purpose of an evaluation that somebody asked for. */
  readonly asked: Purpose = {
    foreseen: (node) => {
      this.seen.set(node.place, keyOf(node));
    },
  };

  private readonly speculative: Purpose = {
    ...this.asked,
    wasted: () => {
      this.rest = REST_AFTER_WASTE;
    },
  };

  private constructor(private readonly runtime: Runtime) {}

  evaluationBegins(): void {
    this.isEvaluating = true;
    this.hasEvaluated = true;
  }

  evaluationEnds(): void {
    this.isEvaluating = false;
  }

  /**
   * A tensor was deferred.
   * @param skips masks are looked at: without, more is computed whole
   */
  noteDeferral(storage: Storage, node: Node, skips: boolean): void {
    if (this.hasEvaluated) this.begin();
    node.place = this.count++;
    for (const { storage: input } of node.inputs) {
      const number = input.weightsNumber;
      if (number > 0) this.weights = (Math.imul(this.weights, 31) + number) | 0;
    }
    node.signature = 2 * this.weights + Number(skips);
    if (this.isExpected(node)) this.open.push(storage);
    if (this.open.length > 0) this.startOpen();
  }

  /** Whether what is deferred now was computed whole in one of the last evaluations, of the same weights. */
  isExpected(node: Node): boolean {
    if (this.rest > 0 || this.weights === 0) return false;
    const alike = this.remembered.find((wholes) => {
      const key = wholes.get(node.place);
      return key !== undefined && key === keyOf(node);
    });
    if (alike) this.expected = alike;
    return alike !== undefined;
  }

  /** The first deferral after an evaluation. */
  private begin(): void {
    this.hasEvaluated = false;
    this.count = 0;
    this.weights = 0;
    this.open.length = 0;
    if (this.rest > 0) this.rest--;
    // What was expected has come, and is told anew by what was seen.
    const at = this.remembered.indexOf(this.expected);
    if (at >= 0) this.remembered.splice(at, 1);
    this.remembered.unshift(this.seen);
    if (this.remembered.length > MOST_REMEMBERED) this.remembered.pop();
    this.expected = new Map();
    this.seen = new Map();
  }

  private startOpen(): void {
    if (this.isEvaluating || this.runtime.lanes.ready < 2) return;
    this.open = this.open.filter((storage) => {
      const node = nodeOf(storage);
      if (!node || this.count - node.place > LONGEST_WAIT) return false;
      if (!this.isClosed(node)) return true;
      this.compute(storage);
      return false;
    });
  }

  /**
   * Whether nobody but nodes that are deferred already can read what lies behind a node, except for tensors that were
   * kept in memory in the last evaluation, too: then the same layers are fused as then.
   */
  private isClosed({ inputs }: Node): boolean {
    const behind = inputs.map(({ storage }) => storage);
    for (let storage = behind.pop(); storage; storage = behind.pop()) {
      const node = nodeOf(storage);
      if (!node || storage.speculated) continue;
      if (storage.hasId && !this.isExpected(node)) return false;
      for (const input of node.inputs) behind.push(input.storage);
    }
    return true;
  }

  private compute(storage: Storage): void {
    const { runtime } = this;
    const { lanes } = runtime;
    const driver = new Driver(runtime, storage, this.speculative);
    this.isEvaluating = true;
    // This thread has other things to do.
    lanes.takesTurns = true;
    try {
      for (let token = driver.proceed(); token !== null; token = driver.proceed()) {
        lanes.wait(token);
      }
    } catch (error) {
      driver.fail(error as Error);
    } finally {
      lanes.takesTurns = false;
      runtime.endEvaluation();
      this.isEvaluating = false;
    }
  }
}

/** What a node has in common with that of another prediction. */
function keyOf({ primitive, shape, depth, signature }: Deferred): string {
  return `${primitive.name} ${shape.join()} ${depth} ${signature}`;
}
