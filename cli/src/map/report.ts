import { describeSpatialMapping, type MappedLayer } from 'tfjs-backend-dynconv/mapping';
import { formatTable, percent } from '../table.js';

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

export function whole(cycles: number): string {
  return Math.round(cycles).toLocaleString('en');
}

/** The last parts of a long name. */
export function short(name: string): string {
  return name.length <= 48 ? name : `...${name.slice(-45)}`;
}
