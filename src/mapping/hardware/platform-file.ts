import * as z from 'zod';
import { InputError, type Problem } from '../problem.js';
import { YamlFile } from '../yaml-file.js';
import { ACCELERATOR, readAccelerator, toAccelerator } from './accelerator-file.js';
import { computeCores, type Platform } from './platform.js';

const CORE_ID = z.int().nonnegative();
const CONNECTION = z.looseObject({
  type: z.enum(['link', 'bus']).default('link'),
  cores: z.array(CORE_ID).min(2),
  bandwidth: z.number().min(1e-6, 'expected bits a cycle, at least 0.000001'),
  unit_energy_cost: z.number().nonnegative().optional(),
});
const PLATFORM = z.looseObject({
  name: z.string(),
  cores: z.record(
    z.string().regex(/^\d+$/, 'expected the number of a core'),
    z.union([z.string(), ACCELERATOR], 'expected the name of a file, or a core'),
  ),
  offchip_core_id: CORE_ID.optional(),
  unit_energy_cost: z.number().nonnegative().default(0),
  core_connectivity: z.array(CONNECTION).default([]),
});
type PlatformData = z.output<typeof PLATFORM>;

/** Gives a file's text; `path` is relative to the file that names it. */
export type OpenFile = (path: string) => string | undefined;

/**
 * Reads hardware: one accelerator in ZigZag's format, or several cores in Stream's.
 *
 * @param file its name, for messages
 * @param open finds the files of the cores; undefined for one that is not there
 * @throws InputError with every problem: file, line and what was expected there
 */
export function readHardware(file: string, text: string, open: OpenFile): Platform {
  const anyFile = YamlFile.parse(file, text, z.looseObject({}, 'expected a description of hardware'));
  const platform =
    'cores' in anyFile.value
      ? readPlatform(YamlFile.parse(file, text, PLATFORM), open)
      : single(file, text);
  if (computeCores(platform).length === 0) {
    throw new InputError([anyFile.problem([], 'expected a core with at least one PE')]);
  }
  return platform;
}

function single(file: string, text: string): Platform {
  const accelerator = readAccelerator(file, text);
  return { name: accelerator.name, cores: [accelerator], connections: [] };
}

function readPlatform(yaml: YamlFile<PlatformData>, open: OpenFile): Platform {
  const { name, cores, offchip_core_id, unit_energy_cost, core_connectivity } = yaml.value;
  const ids = Object.keys(cores);
  yaml.check((report) => {
    const expected = ids.join(', ');
    const check = (id: number, path: readonly PropertyKey[]) => {
      if (!ids.includes(String(id))) report(path, `expected a core of ${expected}, found ${id}`);
    };
    if (offchip_core_id !== undefined) check(offchip_core_id, ['offchip_core_id']);
    for (const [index, connection] of core_connectivity.entries()) {
      for (const id of connection.cores) check(id, ['core_connectivity', index, 'cores']);
    }
  });
  return {
    name,
    cores: readCores(yaml, open),
    coreIds: ids.map(Number),
    ...(offchip_core_id !== undefined && { offchip: ids.indexOf(String(offchip_core_id)) }),
    connections: core_connectivity.map(({ type, cores: members, bandwidth, unit_energy_cost: cost }) => ({
      type,
      cores: members.map((id) => ids.indexOf(String(id))),
      bandwidth,
      unitEnergy: cost ?? unit_energy_cost,
    })),
  };
}

/** Reads all cores, so that the problems of all are told at once. */
function readCores(yaml: YamlFile<PlatformData>, open: OpenFile): Platform['cores'] {
  const problems: Problem[] = [];
  const cores = Object.entries(yaml.value.cores).flatMap(([id, core]) => {
    try {
      if (typeof core !== 'string') return [toAccelerator(yaml.part(['cores', id], core))];
      for (const path of corePaths(core)) {
        const text = open(path);
        if (text !== undefined) return [readAccelerator(path, text)];
      }
      const looked = corePaths(core).join(', ');
      problems.push(yaml.problem(['cores', id], `cores.${id}: there is none of ${looked}`));
    } catch (error) {
      if (!(error instanceof InputError)) throw error;
      problems.push(...error.problems);
    }
    return [];
  });
  if (problems.length > 0) throw new InputError(problems);
  return cores;
}

/** Where Stream looks for a core's file: a bare name in the folder `cores` first. */
function corePaths(reference: string): string[] {
  const name = /[^/]*$/.exec(reference)?.[0] ?? reference;
  return reference.includes('/')
    ? [reference, `cores/${name}`, name]
    : [`cores/${name}`, name];
}
