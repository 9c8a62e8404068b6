import type { Accelerator, MemoryOperand } from '../hardware/accelerator.js';
import type { OperandLinks, SpatialMapping } from '../mapping/spatial.js';
import { spread, unrollOperand, type OperandUnrolling } from './unrolling.js';
import { macs, type Layer, type Loop } from '../workload/layer.js';
import { Operand } from './operand.js';

/** An operand under a spatial mapping. */
export interface NestOperand {
  readonly operand: Operand;
  /** With loops that are not divided evenly spread over their iterations: energy is counted so. */
  readonly average: OperandUnrolling;
  /** In whole numbers: time is counted so. */
  readonly whole: OperandUnrolling;
}

/** A layer on an accelerator under a spatial mapping: all that no temporal mapping changes. */
export interface Nest {
  readonly layer: Layer;
  readonly accelerator: Accelerator;
  readonly spatialMapping: SpatialMapping;
  /** The output first, then the inputs in the layer's order. */
  readonly operands: readonly NestOperand[];
  /** What is left for the temporal mapping: loops of more than one iteration, by the layer's order. */
  readonly temporalLoops: readonly Loop[];
  /** Multiply-accumulates whose results are wanted: fewer than the loops have where some run idle. */
  readonly macs: number;
}

/**
 * Puts a layer on an accelerator.
 *
 * @param links say which memories hold which operand; operands that no link names are left out
 */
export function makeNest(
  layer: Layer,
  accelerator: Accelerator,
  links: OperandLinks,
  spatialMapping: SpatialMapping,
  wantedMacs = macs(layer),
): Nest {
  const average = spread(layer, spatialMapping, false);
  const whole = spread(layer, spatialMapping, true);
  const operands = operandsOf(layer, accelerator, links).map((operand) => ({
    operand,
    average: unrollOperand(operand, average),
    whole: unrollOperand(operand, whole),
  }));
  const temporalLoops = temporalLoopsOf(layer, operands[1].average);
  return { layer, accelerator, spatialMapping, operands, temporalLoops, macs: wantedMacs };
}

/** A layer's operands, the output first. */
export function operandsOf(layer: Layer, accelerator: Accelerator, links: OperandLinks): Operand[] {
  const { output, inputs } = layer;
  const make = (name: string, dims: readonly string[], bits: number, finalBits: number) =>
    new Operand(
      layer,
      name,
      memoryOperandOf(links, name),
      dims,
      bits,
      finalBits,
      name === output.name,
      accelerator,
    );
  return [
    make(output.name, output.dims, output.precision, output.finalPrecision),
    ...inputs.map(({ name, dims, precision }) => make(name, dims, precision, precision)),
  ];
}

function memoryOperandOf(links: OperandLinks, name: string): MemoryOperand {
  const operand = links[name];
  if (operand === undefined) {
    throw new RangeError(`no memory operand is linked to the operand ${name}`);
  }
  return operand;
}

/** Iterations that the spatial mapping leaves, rounded up: the last one may be partly idle. */
function temporalLoopsOf(layer: Layer, { loops }: OperandUnrolling): Loop[] {
  const sizes = layer.loops.map(({ size }) => size);
  for (const { loop, factor } of loops.flat()) {
    if (sizes[loop] > 1) sizes[loop] = Math.ceil(sizes[loop] / factor);
  }
  return layer.loops
    .map(({ dim }, index) => ({ dim, size: sizes[index] }))
    .filter(({ size }) => size > 1);
}
