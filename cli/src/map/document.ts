import type { MappedLayer } from 'tfjs-backend-dynconv/mapping';

/** A layer in the document of `dynconv map --json`. */
export interface LayerDocument {
  name: string;
  type: string;
  core: number;
  /** Cycles, and energy in the hardware file's unit; null if there is no mapping that fits. */
  latency: number | null;
  energy: number | null;
  /** Share of the PEs' cycles that multiply and accumulate; 0 where nothing is executed. */
  utilization: number;
  macs: number;
  spatialMapping: unknown;
  temporalMapping: unknown;
  cycles: unknown;
  memories: unknown;
  maskOverhead: { latency: number; energy: number };
  infeasible?: unknown;
}

/** The document of `dynconv map --json`: layers in the workload's order, and their sums. */
export interface MapDocument {
  layers: LayerDocument[];
  latency: number | null;
  energy: number | null;
}

export function mapDocument(mapped: readonly MappedLayer[]): MapDocument {
  const fits = mapped.every(({ infeasible }) => !infeasible);
  const total = (of: (layer: MappedLayer) => number): number | null =>
    fits ? mapped.reduce((sum, layer) => sum + of(layer), 0) : null;
  return {
    layers: mapped.map(layerDocument),
    latency: total(({ latency }) => latency),
    energy: total(({ energy }) => energy),
  };
}

function layerDocument(mapped: MappedLayer): LayerDocument {
  const { layer, core, mapping, latency, energy, macs, utilization, overhead, infeasible } = mapped;
  return {
    name: layer.name,
    type: layer.type,
    core,
    latency: infeasible ? null : latency,
    energy: infeasible ? null : energy,
    utilization,
    macs,
    spatialMapping: mapping?.spatialMapping ?? [],
    temporalMapping: mapping?.temporalMapping ?? {},
    cycles: mapping?.cycles ?? null,
    memories: mapping?.memories ?? [],
    maskOverhead: overhead,
    ...(infeasible && { infeasible }),
  };
}
