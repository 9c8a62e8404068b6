import {
  describeSpatialMapping,
  type LayerMapping,
  type MappedLayer,
} from 'tfjs-backend-dynconv/mapping';
import { formatTable, percent } from '../table.js';
import { UserError } from '../user-error.js';

const HEADER = ['layer', 'type', 'latency', 'energy', 'utilization', 'unrolling'];

/** A table of all layers and their sums. */
export function mapTable(mapped: readonly MappedLayer[]): string {
  const rows = mapped.map(({ layer, latency, energy, mapping, infeasible }) => {
    if (infeasible) {
      const { memory, needed, available } = infeasible;
      const why = `does not fit: ${memory} would need ${needed} bits and has ${available}`;
      return [short(layer.name), layer.type, '-', '-', '-', why];
    }
    return [
      short(layer.name),
      layer.type,
      whole(latency),
      energy.toPrecision(5),
      mapping ? percent(mapping.utilization, 1) : '-',
      mapping ? describeSpatialMapping(mapping.spatialMapping) : 'nothing to compute',
    ];
  });
  const sum = (of: (layer: MappedLayer) => number): number =>
    mapped.reduce((total, layer) => total + of(layer), 0);
  const latency = sum((layer) => layer.latency);
  const energy = sum((layer) => layer.energy);
  return formatTable(HEADER, [...rows, ['all', '', whole(latency), energy.toPrecision(5), '', '']]);
}

/**
 * The winner beside the runners-up, and what each of these lost.
 *
 * @param name of the layer, or the end of it
 * @throws UserError if no layer, or more than one, has that name
 */
export function whyTable(mapped: readonly MappedLayer[], name: string): string {
  const exact = mapped.filter(({ layer }) => layer.name === name);
  const found = exact.length > 0 ? exact : mapped.filter(({ layer }) => layer.name.includes(name));
  if (found.length !== 1) {
    const which = found.length === 0 ? 'No layer has' : `${found.length} layers have`;
    throw new UserError(`${which} the name ${name}: --why takes the name of one layer.`);
  }
  const [{ layer, mapping, runnersUp }] = found;
  if (!mapping) return `${layer.name}: there is no mapping to explain.`;
  const rows = [mapping, ...runnersUp].map((candidate, rank) => row(candidate, mapping, rank));
  const header = ['rank', 'latency', 'lost', 'energy', 'lost', 'computing', 'waiting', 'loading'];
  const lines = [mapping, ...runnersUp].map(
    (candidate, rank) => `${rank + 1}: ${describe(candidate)}`,
  );
  return `${layer.name} (${layer.type})\n${formatTable(header, rows)}\n${lines.join('\n')}`;
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

/** The spatial mapping, and for each operand what its memories hold, from the PEs outwards. */
function describe({ spatialMapping, temporalMapping }: LayerMapping): string {
  const operands = Object.entries(temporalMapping).map(([operand, levels]) => {
    const parts = levels.map(
      ({ memory, loops }) =>
        `${memory}(${loops.map(({ dim, size }) => `${dim} ${size}`).join(', ') || '-'})`,
    );
    return `   ${operand}: ${parts.join(' ')}`;
  });
  return [describeSpatialMapping(spatialMapping), ...operands].join('\n');
}

function signed(share: number): string {
  return `${share >= 0 ? '+' : ''}${(100 * share).toFixed(1)} %`;
}

export function whole(cycles: number): string {
  return Math.round(cycles).toLocaleString('en');
}

/** The last parts of a long name. */
export function short(name: string): string {
  return name.length <= 48 ? name : `...${name.slice(-45)}`;
}
