import { cpSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import type { InputFlags } from '../../cli/src/map/inputs.js';
import { Random } from './random.js';
import { DENSITIES, MODEL, WORKLOAD } from './samples.js';
import { damageBytes, damageText } from './text.js';

/** The files of `dynconv map` and `dynconv simulate`, some of them broken. */
export interface MappingCase extends InputFlags {
  workload: string;
  /** What was done to them. */
  changes: string[];
}

const HARDWARE = ['one-array', 'two-arrays', 'cpu-wasm-simd'];
const MODELS = ['graph', 'layers'].map(
  (format) => `models/fixtures/mobilenetv2-hourglass/${format}`,
);
/** Of the workloads, those that take long to map come seldom. */
const WORKLOADS = ['w.yaml', 'w.yaml', 'm.onnx', 'm.onnx', 'm.onnx', 'model.json'];

/**
 * Makes a case of a seed in an empty folder.
 *
 * @param root the project's
 */
export function makeMappingCase(root: string, folder: string, seed: number): MappingCase {
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  const random = new Random(seed);
  cpSync(join(root, 'hardware'), folder, { recursive: true });
  const workload = join(folder, random.pick(WORKLOADS));
  placeWorkload(root, folder, workload, random);
  const name = random.pick(HARDWARE);
  const hardware = join(folder, `${name}.yaml`);
  const densities = join(folder, 'densities.json');
  writeFileSync(densities, DENSITIES);
  const useDensities = workload.endsWith('w.yaml') && random.chance(0.3);
  const files = [
    ...[workload, workload, hardware, join(folder, `${name}.mapping.yaml`)],
    ...coresOf(readFileSync(hardware, 'utf8')).map((core) => join(folder, 'cores', core)),
    ...(useDensities ? [densities] : []),
  ];
  const changes = Array.from({ length: 1 + random.below(2) }, () => {
    const file = random.pick(files);
    damage(file, random);
    return basename(file);
  });
  return { workload, hardware, ...(useDensities && { densities }), changes };
}

function placeWorkload(root: string, folder: string, file: string, random: Random): void {
  if (file.endsWith('.yaml')) writeFileSync(file, WORKLOAD);
  else if (file.endsWith('.onnx')) writeFileSync(file, MODEL);
  else cpSync(join(root, random.pick(MODELS)), folder, { recursive: true });
}

function coresOf(text: string): string[] {
  return [...text.matchAll(/^ +\d: (\S+\.yaml)/gm)].map(([, file]) => file);
}

function damage(file: string, random: Random): void {
  const bytes = readFileSync(file);
  const damaged = file.endsWith('.onnx')
    ? damageBytes(bytes, random)
    : damageText(bytes.toString('utf8'), random);
  writeFileSync(file, damaged);
}
