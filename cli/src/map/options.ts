import { InvalidArgumentError, Option, type Command } from 'commander';
import { OBJECTIVES, type Objective } from 'tfjs-backend-dynconv/mapping';
import { positiveInteger } from '../options.js';
import { Progress } from '../progress.js';
import type { InputFlags } from './inputs.js';
import type { MappingJob } from './map-inputs.js';
import { DEFAULT_THREADS } from './search-pool.js';

/** The options that `map` and `simulate` share. */
export interface MappingFlags extends InputFlags {
  objective: Objective;
  lpfLimit: number;
  mixed?: boolean;
  threads: number;
  json?: boolean;
  progress?: boolean;
  quiet?: boolean;
}

/** LOMA's limit on loop prime factors, as ZigZag has it. */
const DEFAULT_LPF_LIMIT = 6;
/** Orders of more factors than this take longer than anybody waits. */
const MAX_LPF_LIMIT = 12;

/** Adds the options that `map` and `simulate` share. */
export function addMappingOptions(command: Command): Command {
  return command
    .argument('<workload>', 'a ZigZag workload (.yaml), an .onnx model, or a converted model')
    .requiredOption('--hardware <file>', "an accelerator in ZigZag's YAML, or cores in Stream's")
    .option(
      '--mapping <file>',
      "mappings in ZigZag's YAML (default: NAME.mapping.yaml beside the hardware, or a free search)",
    )
    .addOption(
      new Option('--objective <what>', 'what to minimize').choices(OBJECTIVES).default('latency'),
    )
    .option('--lpf-limit <number>', 'loop prime factors at most', lpfLimit, DEFAULT_LPF_LIMIT)
    .option('--mixed', 'let the search unroll several loops over one dimension of the array')
    .option('--densities <file>', 'what is computed of each layer or behind each mask, in JSON')
    .option(
      '--input-shape <name=sizes>',
      'the shape of an input that a converted model leaves open, as image=1,256,256,3',
      inputShape,
    )
    .option('--json', 'print one JSON document on stdout')
    .option('--threads <number>', 'threads to search on', positiveInteger, DEFAULT_THREADS)
    .option('--progress', 'tell of progress on stderr, also where that is no terminal')
    .option('-q, --quiet', 'no progress on stderr');
}

/** What the options say about how to map. */
export function mappingJob(flags: MappingFlags): MappingJob {
  const { objective, lpfLimit, mixed, threads, quiet, progress } = flags;
  return {
    options: { objective, lpfLimit, mixed: mixed ?? false },
    threads,
    progress: new Progress(quiet ?? !(progress ?? process.stderr.isTTY), process.stderr, true),
  };
}

function lpfLimit(text: string): number {
  const limit = positiveInteger(text);
  if (limit > MAX_LPF_LIMIT) {
    throw new InvalidArgumentError(`a number up to ${MAX_LPF_LIMIT} is needed.`);
  }
  return limit;
}

function inputShape(text: string, before: Record<string, number[]> = {}): Record<string, number[]> {
  const [, name, sizes] = /^([^=]+)=(\d+(?:,\d+)*)$/.exec(text) ?? [];
  if (name === undefined) throw new InvalidArgumentError('NAME=1,256,256,3 is needed.');
  return { ...before, [name]: sizes.split(',').map(Number) };
}
