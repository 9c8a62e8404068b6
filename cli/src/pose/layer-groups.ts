import type { LayerProfile } from 'tfjs-backend-dynconv';

/** What the layers of one part of a network did together. */
export interface LayerGroup {
  name: string;
  /** How many of the layers are convolutions: what the counts are of. */
  convolutions: number;
  pixels: { total: number; active: number };
  macs: { total: number; executed: number };
  /** Of all its layers, convolutions or not. */
  milliseconds: number;
}

/** The part of a stacked network that a weight's name tells. */
const PART = /(?:^|[/._-])(?:(stem)|stacks?[_-]?(\d+))(?=[/._-]|$)/i;
/** The part of a MobileNet. */
const BLOCK = /[/._-]block[_-]?(\d+)(?=[/._-]|$)/i;
/** What `python -m dynconv_models.gate` puts into a model. */
const GATING = 'dynconv/';
/** The part of a single hourglass: how often it has yet to halve its resolution. */
const LEVEL = /[/._-]level[_-]?(\d+)(?=[/._-]|$)/i;

/**
 * Adds layers up, part by part of the network, in order of execution. A layer without a weight, such
 * as a pooling, counts to the part of the convolution before it.
 *
 * @param nameOf the name of a convolution's filter, undefined when it has none.
 */
export function groupLayers(
  layers: readonly LayerProfile[],
  nameOf: (filter: object) => string | undefined,
): LayerGroup[] {
  const names = layers.map(({ filter }) => filter && nameOf(filter));
  const partOf = namesParts(names.filter((name) => name !== undefined));
  const groups = new Map<string, LayerGroup>();
  let part = partOf(names.find((name) => name !== undefined));
  layers.forEach((layer, i) => {
    if (names[i] !== undefined) part = partOf(names[i]);
    let group = groups.get(part);
    if (!group) {
      group = emptyGroup(part);
      groups.set(part, group);
    }
    add(group, layer);
  });
  return [...groups.values()];
}

/** The sum of groups. */
export function sumGroups(name: string, groups: readonly LayerGroup[]): LayerGroup {
  const sum = emptyGroup(name);
  for (const group of groups) {
    sum.convolutions += group.convolutions;
    addCounts(sum, group);
  }
  return sum;
}

/**
 * Names parts as the network does: stem, stack 1, stack 2; of a single stack stem, its levels, and
 * what follows them as its head; block 1, block 2. Or else by the first folder that tells two apart.
 */
function namesParts(names: readonly string[]): (name: string | undefined) => string {
  if (names.some((name) => PART.test(name))) {
    const stacks = new Set(names.flatMap((name) => PART.exec(name)?.[2] ?? []));
    const byLevel = stacks.size === 1 && names.some((name) => LEVEL.test(name));
    return (name = '') => {
      const match = PART.exec(name);
      if (!match) return 'other';
      if (match[1]) return 'stem';
      if (!byLevel) return `stack ${Number(match[2])}`;
      const level = LEVEL.exec(name)?.[1];
      return level === undefined ? 'head' : `level ${Number(level)}`;
    };
  }
  const paths = names.filter((name) => !name.startsWith(GATING)).map((name) => name.split('/'));
  const depth = paths[0]?.findIndex((folder, i) => paths.some((path) => path[i] !== folder)) ?? -1;
  return (name) => {
    if (name?.startsWith(GATING)) return 'masks';
    const block = name && BLOCK.exec(name)?.[1];
    return block ? `block ${Number(block)}` : (name?.split('/')[Math.max(depth, 0)] ?? 'layers');
  };
}

function emptyGroup(name: string): LayerGroup {
  return {
    name,
    convolutions: 0,
    pixels: { total: 0, active: 0 },
    macs: { total: 0, executed: 0 },
    milliseconds: 0,
  };
}

function add(group: LayerGroup, layer: LayerProfile): void {
  if (layer.filter) {
    group.convolutions++;
    addCounts(group, layer);
  } else {
    group.milliseconds += layer.milliseconds;
  }
}

function addCounts(
  group: LayerGroup,
  counts: Pick<LayerGroup, 'pixels' | 'macs' | 'milliseconds'>,
): void {
  group.pixels.total += counts.pixels.total;
  group.pixels.active += counts.pixels.active;
  group.macs.total += counts.macs.total;
  group.macs.executed += counts.macs.executed;
  group.milliseconds += counts.milliseconds;
}
