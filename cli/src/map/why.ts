import {
  describeSpatialMapping,
  explain,
  type Difference,
  type LayerMapping,
  type MappedLayer,
  type Network,
} from 'tfjs-backend-dynconv/mapping';
import { formatTable } from '../table.js';
import { UserError } from '../user-error.js';
import { describeMisfit, whole } from './report.js';

/** How many mappings beside the best one are shown. */
export const RUNNERS_UP = 4;
/** Parts of the cost in which a runner-up differs that are shown. */
const MOST_DIFFERENCES = 4;

/**
 * Finds the layer that is to be explained.
 *
 * @param name of the layer, or a part of it that no other layer's name has
 * @returns its index
 * @throws UserError if no layer, or more than one, has that name
 */
export function layerNamed({ layers }: Network, name: string): number {
  const exact = layers.findIndex((layer) => layer.name === name);
  if (exact >= 0) return exact;
  const found = [...layers.keys()].filter((index) => layers[index].name.includes(name));
  if (found.length === 1) return found[0];
  const some = found.slice(0, 3).map((index) => layers[index].name);
  throw new UserError(
    found.length === 0
      ? `No layer has the name ${name}: --why takes the name of a layer, or a part of it.`
      : `${found.length} layers have ${name} in their names (${some.join(', ')}, ...): --why takes one.`,
  );
}

/** What `--why` adds to the JSON document. */
export interface WhyDocument {
  layer: string;
  /** The best mapping first; what each other one has more of, by part of the cost. */
  mappings: (Pick<LayerMapping, 'latency' | 'energy' | 'spatialMapping' | 'temporalMapping'> & {
    differences: Difference[];
  })[];
}

export function whyDocument({ layer, mapping, runnersUp }: MappedLayer): WhyDocument {
  const all = mapping ? [mapping, ...runnersUp] : [];
  return {
    layer: layer.name,
    mappings: all.map((candidate) => ({
      ...{ latency: candidate.latency, energy: candidate.energy },
      ...(candidate.microkernel && { microkernel: candidate.microkernel }),
      spatialMapping: candidate.spatialMapping,
      temporalMapping: candidate.temporalMapping,
      differences: explain(all[0], candidate),
    })),
  };
}

/** The winner beside the runners-up, and what each of these lost. */
export function whyTable({ layer, mapping, runnersUp, infeasible }: MappedLayer): string {
  if (!mapping) {
    return infeasible
      ? `${layer.name} ${describeMisfit(infeasible)}.`
      : `${layer.name}: its mask keeps no pixel, so there is nothing to map.`;
  }
  const all = [mapping, ...runnersUp];
  const rows = all.map((candidate, rank) => row(candidate, mapping, rank));
  const header = ['rank', 'latency', 'lost', 'energy', 'lost', 'computing', 'waiting', 'loading'];
  const parts = all.map((candidate, rank) => `${rank + 1}: ${describe(candidate, mapping)}`);
  return `${layer.name} (${layer.type})\n${formatTable(header, rows)}\n\n${parts.join('\n')}`;
}

function row(candidate: LayerMapping, best: LayerMapping, rank: number): string[] {
  const { latency, energy, cycles } = candidate;
  return [
    String(rank + 1),
    whole(latency),
    signed(latency / best.latency - 1),
    energy.toPrecision(5),
    signed(energy / best.energy - 1),
    whole(cycles.computation),
    whole(cycles.temporalStall),
    whole(cycles.onloading + cycles.offloading + cycles.draining),
  ];
}

/** The mapping: what is unrolled, what each memory holds, from the PEs outwards, and what was lost. */
function describe(candidate: LayerMapping, best: LayerMapping): string {
  const { spatialMapping, temporalMapping, microkernel } = candidate;
  const operands = Object.entries(temporalMapping).map(([operand, levels]) => {
    const parts = levels.map(
      ({ memory, loops }) =>
        `${memory}(${loops.map(({ dim, size }) => `${dim} ${size}`).join(', ') || '-'})`,
    );
    return `   ${operand}: ${parts.join(' ')}`;
  });
  const lost = explain(best, candidate)
    .slice(0, MOST_DIFFERENCES)
    .map(({ of, part, share }) => `${of} ${signed(share)} in ${part}`);
  return [
    `${microkernel ? `${microkernel.name}, ` : ''}${describeSpatialMapping(spatialMapping)}`,
    ...operands,
    ...(lost.length > 0 ? [`   against the best: ${lost.join('; ')}`] : []),
  ].join('\n');
}

function signed(share: number): string {
  return `${share >= 0 ? '+' : ''}${(100 * share).toFixed(1)} %`;
}
