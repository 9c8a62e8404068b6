import {
  describeSpatialMapping,
  type Infeasible,
  type MappedLayer,
} from 'tfjs-backend-dynconv/mapping';
import { formatTable, percent } from '../table.js';
import { mapDocument } from './document.js';

const HEADER = ['layer', 'type', 'latency', 'energy', 'utilization', 'unrolling'];

/** A table of all layers and their sums. */
export function mapTable(mapped: readonly MappedLayer[]): string {
  const rows = mapped.map(({ layer, latency, energy, mapping, utilization, infeasible }) => {
    if (infeasible) {
      return [short(layer.name), layer.type, '-', '-', '-', describeMisfit(infeasible)];
    }
    return [
      short(layer.name),
      layer.type,
      whole(latency),
      energy.toPrecision(5),
      mapping ? percent(utilization, 1) : '-',
      mapping ? describeSpatialMapping(mapping.spatialMapping) : 'nothing to compute',
    ];
  });
  const { latency, energy } = mapDocument(mapped);
  const totals = [latency === null ? '-' : whole(latency), energy?.toPrecision(5) ?? '-'];
  return formatTable(HEADER, [...rows, ['all', '', ...totals, '', '']]);
}

/** Why a layer has no mapping. */
export function describeMisfit({ memory, needed, available }: Infeasible): string {
  return `does not fit: ${memory} would need ${needed} bits and has ${available}`;
}

export function whole(cycles: number): string {
  return Math.round(cycles).toLocaleString('en');
}

/** The last parts of a long name. */
export function short(name: string): string {
  return name.length <= 48 ? name : `...${name.slice(-45)}`;
}
