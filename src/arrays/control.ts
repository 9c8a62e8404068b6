/*
 * The control block of the lanes: 32-bit words in the one memory, through which the calling thread
 * and the workers agree on what to run. All of them are read and written atomically where two
 * threads may meet; words that different threads write lie on cache lines of their own.
 *
 * Jobs are numbered as they are posted. Job j lies in slot j modulo `SLOTS` until every earlier job
 * and itself are done.
 */

/** Words of a cache line. */
const LINE = 16;

/** The most lanes that work at once. */
export const MOST_LANES = 8;

/** Jobs that may be under way at once; a power of two. */
export const SLOTS = 64;

/** Words of the control block. */
export const Control = {
  /** Jobs posted. */
  Head: 0,
  /** Jobs done, in order: all before this one. */
  Done: LINE,
  /** Counts what idle lanes want to hear of. */
  Event: 2 * LINE,
  /** Not zero: lanes end. */
  Stop: 3 * LINE,
  /** Lanes from this number on rest. */
  Active: 3 * LINE + 1,
  /** Not zero: lanes note when they ran what. */
  Trace: 3 * LINE + 2,
  /** Not zero: there will be work soon. */
  Alert: 3 * LINE + 3,
  /** Not zero: the calling thread wants a message once as many jobs as in `Target` are done. */
  Waiting: 4 * LINE,
  Target: 4 * LINE + 1,
  /** The lane (upper half) and the kernel's number and one (lower half) that trapped first. */
  Failed: 5 * LINE,
  Slots: 6 * LINE,
  Lanes: (6 + SLOTS) * LINE,
} as const;

/** Words of a slot. */
export const Slot = {
  /** The job's number (24 bits) above a bit for each end of a band that is taken (8 bits). */
  Claim: 0,
  /** The same number above how many ends of bands, at each of which a lane works, are not done yet. */
  Left: 1,
  Ends: 2,
  /** Address of the job's description. */
  Job: 3,
  /** The PE array that it is for. */
  Array: 4,
  /** Not zero: comes before jobs where it is. */
  Urgent: 5,
  /** All jobs before this number must be done before this one starts. */
  NeedAll: 6,
  /** One more than the number of a job that must be done, too, `MOST_NEEDS` times; 0 for none. */
  Needs: 7,
} as const;

/** Jobs that a job can wait for one by one. */
export const MOST_NEEDS = 4;

/** Words of a lane. */
export const LaneWord = {
  /** 1 once the lane runs. */
  Ready: 0,
  /** Grows with every kernel call. */
  Beat: 1,
  /** The kernel that the lane is in, and one; 0 between bands. */
  Busy: 2,
  /** Not zero: it was given up, and takes nothing any more. */
  Buried: 8,
  /** What the lane does, of `LaneState`. */
  State: 6,
  /** Address of the lane's workspace, and of the one for urgent jobs. */
  Workspace: 5,
  UrgentWorkspace: 7,
  /** Address of the lane's events, and how many there are. */
  Events: 3,
  EventCount: 4,
} as const;

/** What a lane does: runs or looks for work, watches `Event`, sleeps until that changes, or until `Active` does. */
export const LaneState = { Awake: 0, Watching: 1, Asleep: 2, Resting: 3 } as const;

/** The bits of all ends in a claim word. */
export const ALL_ENDS = 2 ** MOST_LANES - 1;

const NUMBER_MASK = 2 ** (32 - MOST_LANES) - 1;

/** The word where slot `job` begins, from the control block on. */
export function slotAt(job: number): number {
  return Control.Slots + (job & (SLOTS - 1)) * LINE;
}

/** The word where a lane's words begin, from the control block on. */
export function laneAt(lane: number): number {
  return Control.Lanes + lane * LINE;
}

/** Whether the job before `token` is done. */
export function isJobDone(words: Int32Array, base: number, token: number): boolean {
  if (((Atomics.load(words, base + Control.Done) - token) | 0) >= 0) return true;
  // As long as not all jobs before the token are done, its slot is of no other job.
  return endsLeft(words, base + slotAt(token - 1)) === 0;
}

/** Whether all that the job in a slot waits for is done. */
export function canStart(words: Int32Array, base: number, slot: number): boolean {
  if (((Atomics.load(words, base + Control.Done) - words[slot + Slot.NeedAll]) | 0) < 0)
    return false;
  for (let need = 0; need < MOST_NEEDS; need++) {
    const token = words[slot + Slot.Needs + need];
    if (token !== 0 && !isJobDone(words, base, token)) return false;
  }
  return true;
}

/** Tells idle lanes that there is something new for `lanes` of them. */
export function signal(words: Int32Array, base: number, lanes: number): void {
  Atomics.add(words, base + Control.Event, 1);
  // Who watches sees that by itself, even if it is about to sleep; waking another takes microseconds.
  let wanted = lanes;
  let asleep = 0;
  const end = Atomics.load(words, base + Control.Active);
  for (let lane = 1; lane < end; lane++) {
    const state = Atomics.load(words, base + laneAt(lane) + LaneWord.State);
    if (state === LaneState.Watching) wanted--;
    else if (state === LaneState.Asleep) asleep++;
  }
  if (wanted > 0 && asleep > 0) Atomics.notify(words, base + Control.Event, wanted);
}

/** Bytes of a control block for that many lanes. */
export function controlBytes(lanes: number): number {
  return laneAt(lanes) * 4;
}

/** The claim word of a job whose ends are all free. */
export function freshClaim(job: number): number {
  return ((job & NUMBER_MASK) << MOST_LANES) | 0;
}

/** The claim word of a job whose ends are all taken, however many there are. */
export function takenClaim(job: number): number {
  return freshClaim(job) | ALL_ENDS;
}

/** The number of a claim word's job, as a claim word of no ends. */
export function numberOf(claim: number): number {
  return claim & ~ALL_ENDS;
}

/** How many ends of the job in a slot are not done. */
export function endsLeft(words: Int32Array, slot: number): number {
  return Atomics.load(words, slot + Slot.Left) & ALL_ENDS;
}

/**
 * Counts an end of a job as done, unless the job was given up: its slot may be another's by then.
 * @param number as `numberOf` tells it
 * @returns whether it was the last one
 */
export function endDone(words: Int32Array, slot: number, number: number): boolean {
  for (;;) {
    const left = Atomics.load(words, slot + Slot.Left);
    if (left === number || numberOf(left) !== number) return false;
    if (Atomics.compareExchange(words, slot + Slot.Left, left, left - 1) !== left) continue;
    return left - 1 === number;
  }
}

/** Whether a claim word is of the job of that number. */
export function isClaimOf(claim: number, job: number): boolean {
  return claim >>> MOST_LANES === (job & NUMBER_MASK);
}

/**
 * The end that a lane takes of those that are free: its own one, where what it read and wrote before is in its
 * cache; else any. -1 if none is free.
 */
export function freeEnd(claim: number, ends: number, lane: number): number {
  const free = ~claim & ((1 << ends) - 1);
  if (free === 0) return -1;
  const own = lane % ends;
  return (free >>> own) & 1 ? own : 31 - Math.clz32(free & -free);
}

/** A claim word with one more end taken. */
export function withEnd(claim: number, end: number): number {
  return claim | (1 << end);
}
