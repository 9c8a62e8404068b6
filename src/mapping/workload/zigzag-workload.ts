import { InputError, type Problem } from '../problem.js';
import { YamlFile } from '../yaml-file.js';
import type { EquationOperand } from './equation.js';
import {
  distinctIndices,
  type InputOperand,
  type Layer,
  type Loop,
  type Relation,
  type Workload,
} from './layer.js';
import { zigzagWorkload, type ZigzagLayer } from './zigzag-schema.js';

/**
 * Reads a workload in ZigZag's YAML. Its files are read unedited.
 *
 * @param name of the file, for messages
 * @throws InputError with every problem: the file, the line and what was expected there
 */
export function parseZigzagWorkload(name: string, text: string): Workload {
  const file = YamlFile.parse(name, text, zigzagWorkload);
  const reader = new WorkloadReader(file);
  const layers = file.value.map((layer, index) => reader.layer(layer, index));
  if (reader.problems.length > 0) throw new InputError(reader.problems);
  return { name, layers };
}

/** Turns the file's layers into ours, and collects what does not fit together. */
class WorkloadReader {
  readonly problems: Problem[] = [];
  /** The index of each layer that was read, by its id. */
  private readonly indices = new Map<number, number>();

  constructor(private readonly file: YamlFile<readonly ZigzagLayer[]>) {}

  layer(layer: ZigzagLayer, index: number): Layer {
    const report = (field: keyof ZigzagLayer, message: string): void => {
      this.problems.push(this.file.problem([index, field], `[${index}].${field}: ${message}`));
    };
    const loops = readLoops(layer, report);
    const relations = readRelations(layer, loops, report);
    const { output, inputs } = layer.equation;
    const dims = new Set([...loops, ...relations].map(({ dim }) => dim));
    for (const operand of [output, ...inputs]) {
      const unknown = operand.dims.find((dim) => !dims.has(dim));
      if (unknown) report('equation', `no loop or relation has the dimension ${unknown}`);
    }
    const result: Layer = {
      name: layer.name ?? `Layer${layer.id}`,
      type: layer.operator_type,
      loops,
      relations,
      output: {
        ...output,
        precision: layer.operand_precision.O,
        finalPrecision: layer.operand_precision.O_final,
      },
      inputs: inputs.map((operand) => this.input(layer, operand, report)),
    };
    if (this.indices.has(layer.id)) report('id', `another layer has the id ${layer.id}, too`);
    this.indices.set(layer.id, index);
    return result;
  }

  private input(layer: ZigzagLayer, operand: EquationOperand, report: Report): InputOperand {
    const { name, dims } = operand;
    if (name !== 'I' && name !== 'W') {
      report('equation', `expected the inputs I and W, found ${name}`);
      return { name, dims, precision: 0, sources: [], constant: false };
    }
    const precision = layer.operand_precision[name];
    if (precision === undefined) report('operand_precision', `lacks that of ${name}`);
    // An operand that a layer gives to itself is known before the network runs.
    const source = layer.operand_source[name] ?? layer.id;
    const constant = source === layer.id;
    const index = this.indices.get(source);
    if (!constant && index === undefined) {
      report('operand_source', `no layer before this one has the id ${source}`);
    }
    const sources = constant || index === undefined ? [] : [index];
    return { name, dims, precision: precision ?? 0, sources, constant };
  }
}

type Report = (field: keyof ZigzagLayer, message: string) => void;

function readLoops(layer: ZigzagLayer, report: Report): Loop[] {
  const { loop_dims: dims, loop_sizes: sizes } = layer;
  if (dims.length !== sizes.length) {
    report('loop_sizes', `expected ${dims.length} sizes, as there are loop_dims`);
  }
  const loops = dims.map((dim, i) => ({ dim: dim.toUpperCase(), size: sizes[i] ?? 1 }));
  if (new Set(loops.map(({ dim }) => dim)).size < loops.length) {
    report('loop_dims', 'a dimension stands there twice');
  }
  const macs = loops.reduce((product, { size }) => product * size, 1);
  if (!Number.isSafeInteger(macs)) report('loop_sizes', 'the layer has more than 2^53 operations');
  return loops;
}

function readRelations(layer: ZigzagLayer, loops: readonly Loop[], report: Report): Relation[] {
  const { pr_loop_dims: names, pr_loop_sizes: sizes, padding } = layer;
  for (const field of ['pr_loop_sizes', 'padding'] as const) {
    const values = layer[field];
    if (values && values.length !== (names?.length ?? 0)) {
      report(field, `expected ${names?.length ?? 0} entries, as there are pr_loop_dims`);
    }
  }
  const defined = layer.dimension_relations.map(({ dim }) => dim);
  if (new Set([...defined, ...loops.map(({ dim }) => dim)]).size < defined.length + loops.length) {
    report('dimension_relations', 'a dimension is defined twice');
  }
  return layer.dimension_relations.map(({ dim, dims, coefficients }) => {
    const [a, b] = dims.map((name) => loops.find((loop) => loop.dim === name)?.size);
    if (a === undefined || b === undefined) {
      report('dimension_relations', `${dim} is made of ${dims}, and one of these is no loop`);
    }
    if (coefficients.includes(0)) report('dimension_relations', 'a coefficient is zero');
    const entry = names?.findIndex((name) => name.toUpperCase() === dim) ?? -1;
    const pads = padding?.[entry] ?? [0, 0];
    const whole = distinctIndices(coefficients[0], a ?? 1, coefficients[1], b ?? 1);
    const size = sizes?.[entry] ?? whole - pads[0] - pads[1];
    if (size < 1) report('padding', `nothing is left of ${dim} without it`);
    return { dim, dims, coefficients, padding: pads, size };
  });
}
