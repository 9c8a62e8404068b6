import { Control, laneAt } from '../../src/arrays/control.js';
import type { LaneWord } from '../../src/arrays/control.js';
import type { Crew } from '../../src/arrays/crew.js';
import { Faults } from '../../src/arrays/faults.js';
import { placeJob } from '../../src/arrays/job.js';
import type { Job } from '../../src/arrays/job.js';
import { Jobs } from '../../src/arrays/jobs.js';
import { Lane } from '../../src/arrays/lane.js';
import { ROW_KERNELS } from '../../src/memory/kernels.js';

/** A kernel call: which lane made it, and with which command. */
export interface Call {
  readonly lane: number;
  readonly command: number;
}

/** The word where the control block begins. */
export const BASE = 1024;
const DESCRIPTIONS = 200_000;
const WORDS = 2 ** 18;
const DESCRIPTION_BYTES = 400;

/** Lanes and jobs on a memory of their own, whose kernels only note that they were called. */
export class Bench {
  private readonly memory = new WebAssembly.Memory({ initial: 32 });
  words = new Int32Array(this.memory.buffer, 0, WORDS);
  private readonly view = (): Int32Array => this.words;
  readonly jobs = new Jobs(BASE, this.view);
  readonly calls: Call[] = [];

  /** @param active lanes that take bands */
  constructor(active: number) {
    this.words[BASE + Control.Active] = active;
  }

  /** Lets lanes see more of the memory, as if it had grown. */
  grow(): void {
    this.words = new Int32Array(this.memory.buffer);
  }

  lane(index: number): Lane {
    const setup = { memory: this.memory, control: 4 * BASE, index, array: 0, scratch: 0 } as const;
    const kernel = (command: number): void => {
      this.calls.push({ lane: index, command });
    };
    return new Lane(
      setup,
      ROW_KERNELS.map(() => kernel),
      this.view,
      (error) => {
        throw error;
      },
    );
  }

  /** Announces a job of one stage, of two strips for every two ends; returns its token. */
  post(ends: number, command: number, after: readonly number[] = []): number {
    const bands: number[] = [];
    for (let end = 0; end <= ends; end += 2) bands.push(end);
    if (ends % 2 === 1) bands.push(ends + 1);
    const borders = Array.from({ length: (bands.at(-1) ?? 0) + 1 }, (_, border) => border);
    const job: Job = {
      stages: [{ kernel: 'f32_add', command, inWorkspace: 0, clock: null }],
      strips: { until: borders, from: borders, most: 1 },
      bands,
      ends,
      array: 0,
      workspace: 0,
    };
    const at = DESCRIPTIONS + DESCRIPTION_BYTES * (this.jobs.posted % 1000);
    placeJob(job, { layerOf: () => -1 }, this.words, at >>> 2);
    this.jobs.announce(job, at, after);
    return this.jobs.posted;
  }

  /** Who gives up lanes, of which so many are workers'. */
  faults(workers: number): Faults {
    const setActive = (lanes: number): void => {
      Atomics.store(this.words, BASE + Control.Active, lanes);
    };
    const crew = {
      base: BASE,
      view: this.view,
      own: this.lane(0),
      workers: { count: workers, terminate: () => undefined },
      setActive,
      setHelp: () => {
        setActive(workers + 1);
      },
    };
    return new Faults(crew as unknown as Crew, this.jobs, () => undefined);
  }

  /** A word of a lane, from the memory's beginning on. */
  laneWord(lane: number, word: (typeof LaneWord)[keyof typeof LaneWord]): number {
    return BASE + laneAt(lane) + word;
  }
}

type Access = 'load' | 'store' | 'compareExchange' | 'sub';
type Operation = (words: Int32Array, at: number, ...values: number[]) => number;

/** What another thread does at a certain moment: once, beside an access of a kind to a word. */
function beside(access: Access, word: number, around: (make: () => number) => number): void {
  const real = Reflect.get(Atomics, access) as Operation;
  const hooked: Operation = (words, at, ...values) => {
    const make = (): number => real(words, at, ...values);
    if (at !== word) return make();
    Reflect.set(Atomics, access, real);
    return around(make);
  };
  Reflect.set(Atomics, access, hooked);
}

/** Does `action`, once, just before somebody makes an access of that kind to that word. */
export function justBefore(access: Access, word: number, action: () => void): void {
  beside(access, word, (make) => {
    action();
    return make();
  });
}

/** The same just after; what was read is what was there before. */
export function justAfter(access: Access, word: number, action: () => void): void {
  beside(access, word, (make) => {
    const value = make();
    action();
    return value;
  });
}
