const OF_CPU = 'it registers a second cpu backend, and runs where that is the one under test';

/** Specs of tfjs-core's suite that pass on another backend and need not pass on ours, with the reason. */
export const ACCEPTED = {
  'Switching cpu backends backend {} Move data from cpu1 to cpu2 backend': OF_CPU,
  'Switching cpu backends backend {} can execute op with data from mixed backends': OF_CPU,
};
