import * as z from 'zod';
import { MEMORY_OPERANDS } from '../hardware/accelerator.js';
import { coresWithIds, type Platform } from '../hardware/platform.js';
import type { Problem } from '../problem.js';
import type { Layer } from '../workload/layer.js';
import { YamlFile, type Path } from '../yaml-file.js';
import type { OperandLinks, SpatialMapping } from './spatial.js';

/** A place in the order of the temporal loops; without a size any loop over the dimension will do. */
export interface OrderedLoop {
  readonly dim: string;
  readonly size?: number;
}

/** Which loops stand where: from the innermost outwards, and from the outermost inwards. */
export interface TemporalOrdering {
  readonly inner: readonly OrderedLoop[];
  /** The outermost first. */
  readonly outer: readonly OrderedLoop[];
}

/** How layers of a name or type are mapped. */
export interface MappingRule {
  /** A layer's name, an operator, or `default`. */
  readonly name: string;
  /** Of dimensions of the array that are not in it, the search finds the unrolling. */
  readonly spatialMapping: SpatialMapping;
  /** By dimension of the array: the loops that the search may unroll over it. */
  readonly hints: Readonly<Record<string, readonly string[]>>;
  readonly links: OperandLinks;
  readonly ordering: TemporalOrdering;
  /**
   * Stream's `core_allocation`: ids of the cores that may run such layers; any without it. It says
   * nothing to a lone accelerator, whose core has no id.
   */
  readonly cores?: readonly number[];
}

/** What a mapping is read for: it is held to that. */
export interface MappingUse {
  readonly platform: Platform;
  readonly layers: readonly Layer[];
  /** Hears of what has no effect on these layers, but may have on others. */
  readonly warn: (problems: readonly Problem[]) => void;
}

const DIM = /^[A-Z]+\d*$/;
const UNROLLING = z
  .string()
  .regex(/^[A-Z]+\d*, *[1-9]\d{0,8}$/, 'expected loop and factor, as "K, 16"');
const DIMENSION = z.string().regex(/^D\d$/, 'expected a dimension of the array, as D1');

const OPERAND = z.enum(MEMORY_OPERANDS);

const FIELDS = ['spatial_mapping', 'spatial_mapping_hint'] as const;

const RULE = z.strictObject({
  name: z.string(),
  spatial_mapping: z.record(DIMENSION, z.array(UNROLLING)).nullish(),
  spatial_mapping_hint: z
    .record(DIMENSION, z.array(z.string().regex(DIM, 'expected a loop, as K')))
    .nullish(),
  memory_operand_links: z
    .strictObject({ O: OPERAND, W: OPERAND, I: OPERAND })
    .default({ O: 'O', W: 'I2', I: 'I1' }),
  temporal_ordering: z
    .array(z.tuple([z.string(), z.union([z.int().positive(), z.literal('*')])]))
    .nullish(),
  core_allocation: z.array(z.int().nonnegative()).min(1).nullish(),
});

/**
 * Reads mappings from a YAML file in ZigZag's format.
 *
 * @param file its name, for messages
 * @param use without it, nothing is known of the array and the layers
 * @throws InputError with every problem: the line and what was expected there
 */
export function readMapping(file: string, text: string, use?: MappingUse): MappingRule[] {
  const yaml = YamlFile.parse(file, text, z.array(RULE));
  yaml.check((report) => {
    for (const [index, { name, memory_operand_links: links }] of yaml.value.entries()) {
      const linked = Object.values(links);
      if (new Set(linked).size < linked.length) {
        report(
          [index, 'memory_operand_links'],
          `${name}: memory_operand_links: expected each memory operand at most once`,
        );
      }
    }
    if (use) checkCores(yaml.value, use.platform, report);
    if (use) checkDimensions(yaml.value, use.platform, report);
    if (!yaml.value.some(({ name }) => name === 'default')) {
      report([], 'expected a mapping with the name "default"');
    }
  });
  const rules = yaml.value.map(toRule);
  const problems = use ? idleLoops(yaml, rules, use.layers) : [];
  if (problems.length > 0) use?.warn(problems);
  return rules;
}

type Rule = z.output<typeof RULE>;

function toRule(rule: Rule): MappingRule {
  return {
    name: rule.name,
    spatialMapping: Object.entries(rule.spatial_mapping ?? {}).map(([dimension, unrollings]) => ({
      dimension,
      unrollings: unrollings.map(toUnrolling),
    })),
    hints: rule.spatial_mapping_hint ?? {},
    links: rule.memory_operand_links,
    ordering: toOrdering(rule.temporal_ordering ?? []),
    ...(rule.core_allocation && { cores: rule.core_allocation }),
  };
}

/** Every core must be one that computes. */
function checkCores(
  rules: readonly Rule[],
  platform: Platform,
  report: (path: Path, message: string) => void,
): void {
  const { coreIds } = platform;
  if (!coreIds) return;
  const known = coresWithIds(platform, undefined).map((core) => coreIds[core]);
  for (const [index, { name, core_allocation: ids }] of rules.entries()) {
    for (const [place, id] of (ids ?? []).entries()) {
      if (known.includes(id)) continue;
      const message = `expected a core of ${known.join(', ')}, found ${id}`;
      report([index, 'core_allocation', place], `${name}: core_allocation: ${message}`);
    }
  }
}

/** Every dimension must be one of the arrays that a rule's layers may run on. */
function checkDimensions(
  rules: readonly Rule[],
  platform: Platform,
  report: (path: Path, message: string) => void,
): void {
  for (const [index, rule] of rules.entries()) {
    const allowed = coresWithIds(platform, rule.core_allocation);
    if (allowed.length === 0) continue;
    const arrays = allowed.map((core) => platform.cores[core].array);
    const known = new Set(arrays.flatMap(({ dimensions }) => dimensions.map(({ name }) => name)));
    for (const field of FIELDS) {
      for (const dimension of Object.keys(rule[field] ?? {})) {
        if (known.has(dimension)) continue;
        const message = `expected a dimension of the array (${[...known].join(', ')}), found ${dimension}`;
        report([index, field, dimension], `${rule.name}: ${field}: ${message}`);
      }
    }
  }
}

/** Loops that none of the layers has which a rule serves. Of hints one has to be there. */
function idleLoops(
  yaml: YamlFile<Rule[]>,
  rules: readonly MappingRule[],
  layers: readonly Layer[],
): Problem[] {
  return rules.flatMap((rule, index) => {
    const served = layers.filter((layer) => ruleFor(layer, rules) === rule);
    const loops = new Set(served.flatMap((layer) => layer.loops.map(({ dim }) => dim)));
    if (served.length === 0) return [];
    const idle = (path: Path, dims: readonly string[]): Problem[] => {
      if (dims.length === 0 || dims.some((dim) => loops.has(dim))) return [];
      const message = `expected a loop of its layers (${[...loops].join(', ')}), found ${dims.join(', ')}`;
      return [yaml.problem([index, ...path], `${rule.name}: ${message}: it has no effect`)];
    };
    const { temporal_ordering: ordering } = yaml.value[index];
    return [
      ...rule.spatialMapping.flatMap(({ dimension, unrollings }) =>
        unrollings.flatMap(({ dim }, i) => idle(['spatial_mapping', dimension, i], [dim])),
      ),
      ...Object.entries(rule.hints).flatMap(([dimension, dims]) =>
        idle(['spatial_mapping_hint', dimension], dims),
      ),
      ...(ordering ?? []).flatMap(([dim], i) =>
        dim === '*' ? [] : idle(['temporal_ordering', i], [dim.toUpperCase()]),
      ),
    ];
  });
}

function toUnrolling(text: string): { dim: string; factor: number } {
  const [dim, factor] = text.split(/, */);
  return { dim, factor: Number(factor) };
}

/** What stands before `[*, *]` is counted from the innermost loop, what stands after it from the outermost. */
function toOrdering(entries: readonly (readonly [string, number | '*'])[]): TemporalOrdering {
  const gap = entries.findIndex(([dim, size]) => dim === '*' && size === '*');
  const toLoop = ([dim, size]: readonly [string, number | '*']): OrderedLoop =>
    size === '*' ? { dim: dim.toUpperCase() } : { dim: dim.toUpperCase(), size };
  const inner = gap < 0 ? entries : entries.slice(0, gap);
  const outer = gap < 0 ? [] : entries.slice(gap + 1);
  return { inner: inner.map(toLoop), outer: outer.map(toLoop).reverse() };
}

/** The rule for a layer: by its name, else by its operator, else the default. */
export function ruleFor(layer: Layer, rules: readonly MappingRule[]): MappingRule {
  const rule =
    rules.find(({ name }) => name === layer.name) ??
    rules.find(({ name }) => name === layer.type) ??
    rules.find(({ name }) => name === 'default');
  return rule ?? FREE;
}

/** Leaves everything to the search. */
export const FREE: MappingRule = {
  name: 'default',
  spatialMapping: [],
  hints: {},
  links: { O: 'O', W: 'I2', I: 'I1' },
  ordering: { inner: [], outer: [] },
};
