import * as z from 'zod';
import { YamlFile, type Path } from '../yaml-file.js';
import {
  DIRECTIONS,
  MEMORY_OPERANDS,
  type Accelerator,
  type Allocation,
  type Direction,
  type Memory,
  type MemoryOperand,
  type Port,
} from './accelerator.js';
import { checkMicrokernels, MICROKERNEL, PIPELINE, toMicrokernelCore } from './microkernel-file.js';

const DIMENSION = z.string().regex(/^D\d$/, 'expected a dimension of the array, as D1');
const COUNT = z.int().positive();
/** Bits of a memory: off chip there may be more than whole numbers count exactly. */
const SIZE = z.number().positive();
const COST = z.number().nonnegative();

const ALLOCATION = z
  .string()
  .regex(/^(I1|I2|O), ?(fh|tl|fl|th)$/, 'expected operand and direction, as "I1, tl" or "O, fh"');

const PORT = z.strictObject({
  name: z.string(),
  type: z.enum(['read', 'write', 'read_write']),
  bandwidth_min: COUNT,
  bandwidth_max: COUNT,
  allocation: z.array(ALLOCATION),
});

const MEMORY = z.strictObject({
  size: SIZE,
  r_cost: COST.nullish(),
  w_cost: COST.nullish(),
  area: COST.nullish(),
  latency: z.int().nonnegative().default(1),
  mem_type: z.string().optional(),
  auto_cost_extraction: z.boolean().default(false),
  operands: z.array(z.enum(MEMORY_OPERANDS)).min(1),
  ports: z.array(PORT),
  served_dimensions: z.array(DIMENSION),
  force_double_buffering: z.boolean().default(false),
});

const OPERATIONAL_ARRAY = z.strictObject({
  dimensions: z.array(DIMENSION).min(1),
  sizes: z.array(z.int().nonnegative()),
  unit_energy: COST,
  unit_area: COST.default(0),
  systolic_dimensions: z.array(DIMENSION).default([]),
  input_precision: z.array(z.int()).optional(),
  is_imc: z.literal(false, 'in-memory computing is not modelled: expected False').default(false),
  imc_type: z.null().optional(),
  adc_resolution: z.literal(0).nullish(),
  bit_serial_precision: z.null().optional(),
});

/** An accelerator in ZigZag's format. What Stream adds to it at the top is left aside. */
export const ACCELERATOR = z.looseObject({
  name: z.string(),
  memories: z.record(z.string(), MEMORY),
  operational_array: OPERATIONAL_ARRAY,
  operator_types: z.array(z.string()).optional(),
  pipeline: PIPELINE.optional(),
  microkernels: z.array(MICROKERNEL).min(1).optional(),
});
export type AcceleratorData = z.output<typeof ACCELERATOR>;
type MemoryData = z.output<typeof MEMORY>;

/** Notes a problem with what lies at a path of an accelerator's description. */
type Report = (path: Path, message: string) => void;

/**
 * Reads an accelerator from a YAML file in ZigZag's format.
 *
 * @param file its name, for messages
 * @throws InputError with every problem: the line and what was expected there
 */
export function readAccelerator(file: string, text: string): Accelerator {
  return toAccelerator(YamlFile.parse(file, text, ACCELERATOR));
}

/**
 * Builds an accelerator from its description in a file.
 *
 * @throws InputError with every problem: the line and what was expected there
 */
export function toAccelerator(yaml: YamlFile<AcceleratorData>): Accelerator {
  const { name, memories, operational_array: array, operator_types } = yaml.value;
  yaml.check((report) => {
    checkArray(yaml.value, report);
    checkMemories(yaml.value, report);
    checkMicrokernels(yaml.value, report);
  });
  const microkernelCore = toMicrokernelCore(yaml.value);
  return {
    name,
    array: {
      dimensions: array.dimensions.map((dimension, index) => ({
        name: dimension,
        size: array.sizes[index],
      })),
      unitEnergy: array.unit_energy,
      unitArea: array.unit_area,
      systolicDimensions: array.systolic_dimensions,
    },
    memories: Object.entries(memories).map(([memoryName, data]) => toMemory(memoryName, data)),
    ...(operator_types && { operatorTypes: operator_types }),
    ...(microkernelCore && { microkernelCore }),
  };
}

function toMemory(name: string, data: MemoryData): Memory {
  return {
    name,
    size: data.size,
    readCost: data.r_cost ?? 0,
    writeCost: data.w_cost ?? 0,
    area: data.area ?? 0,
    latency: data.latency,
    operands: data.operands,
    ports: data.ports.map(
      (port): Port => ({
        name: port.name,
        type: port.type,
        bandwidthMin: port.bandwidth_min,
        bandwidthMax: port.bandwidth_max,
        allocation: port.allocation.map(toAllocation),
      }),
    ),
    servedDimensions: data.served_dimensions,
    forceDoubleBuffering: data.force_double_buffering,
  };
}

function toAllocation(text: string): Allocation {
  const [operand, direction] = text.split(/, ?/);
  return {
    operand: MEMORY_OPERANDS.find((name) => name === operand) ?? 'O',
    direction: DIRECTIONS.find((name) => name === direction) ?? 'tl',
  };
}

function checkArray({ operational_array: array }: AcceleratorData, report: Report): void {
  const { dimensions, sizes, systolic_dimensions: systolic } = array;
  const expected = dimensions.join(', ');
  const add = (key: string, message: string) => {
    report(['operational_array', key], `operational_array.${key}: ${message}`);
  };
  if (sizes.length !== dimensions.length) {
    add('sizes', `expected a size for each of ${expected}, found ${sizes.length}`);
  }
  if (new Set(dimensions).size < dimensions.length) add('dimensions', 'expected each one once');
  if (!Number.isSafeInteger(sizes.reduce((pes, size) => pes * size, 1))) {
    add('sizes', 'expected fewer PEs');
  }
  for (const dimension of systolic.filter((name) => !dimensions.includes(name))) {
    add('systolic_dimensions', `expected some of ${expected}, found ${dimension}`);
  }
}

function checkMemories(data: AcceleratorData, report: Report): void {
  const entries = Object.entries(data.memories);
  for (const operand of MEMORY_OPERANDS) {
    if (!entries.some(([, { operands }]) => operands.includes(operand))) {
      report(['memories'], `memories: expected one that holds ${operand}`);
    }
  }
  for (const [index, [name, memory]] of entries.entries()) {
    const add: Report = (path, message) => {
      report(['memories', name, ...path], `memories.${name}: ${message}`);
    };
    checkCosts(memory, add);
    for (const [place, dimension] of memory.served_dimensions.entries()) {
      const { dimensions } = data.operational_array;
      if (dimensions.includes(dimension)) continue;
      const expected = dimensions.join(', ');
      add(['served_dimensions', place], `expected some of ${expected}, found ${dimension}`);
    }
    const isLast = (operand: MemoryOperand) =>
      !entries.slice(index + 1).some(([, { operands }]) => operands.includes(operand));
    checkPorts(memory, isLast, add);
  }
}

function checkCosts({ auto_cost_extraction, r_cost, w_cost }: MemoryData, add: Report): void {
  if (auto_cost_extraction) {
    add(['auto_cost_extraction'], 'costs are not extracted here: expected r_cost and w_cost');
    return;
  }
  if (r_cost == null) add([], 'r_cost is missing: expected a number');
  if (w_cost == null) add([], 'w_cost is missing: expected a number');
}

function checkPorts(
  memory: MemoryData,
  isLast: (operand: MemoryOperand) => boolean,
  add: Report,
): void {
  for (const [place, port] of memory.ports.entries()) {
    const { bandwidth_min: least, bandwidth_max: most } = port;
    if (least > most) {
      add(['ports', place, 'bandwidth_min'], `expected at most ${most}, found ${least}`);
    }
    for (const [entry, text] of port.allocation.entries()) {
      const problem = allocationProblem(toAllocation(text), port.type, memory.operands);
      if (problem) add(['ports', place, 'allocation', entry], problem);
    }
  }
  for (const { operand, direction } of missingAllocations(memory, isLast)) {
    add(['ports'], `expected a port with "${operand}, ${direction}"`);
  }
}

function allocationProblem(
  { operand, direction }: Allocation,
  type: Port['type'],
  operands: readonly MemoryOperand[],
): string | undefined {
  const isRead = direction === 'tl' || direction === 'th';
  if (type !== 'read_write' && isRead !== (type === 'read')) {
    return `expected a ${isRead ? 'read' : 'write'} port for ${direction}, found a ${type} port`;
  }
  if (!operands.includes(operand)) {
    return `expected one of the memory's operands ${operands.join(', ')}, found ${operand}`;
  }
  return undefined;
}

/** What no port of a memory does, although its operands need it. */
function missingAllocations(
  { operands, ports }: MemoryData,
  isLast: (operand: MemoryOperand) => boolean,
): Allocation[] {
  const there = ports.flatMap(({ allocation }) => allocation.map(toAllocation));
  return operands.flatMap((operand) => {
    const low: Direction[] = operand === 'O' ? ['tl', 'fl'] : ['tl'];
    const high: Direction[] = operand === 'O' ? ['th', 'fh'] : ['fh'];
    return [...low, ...(isLast(operand) ? [] : high)]
      .filter((wanted) => !there.some((a) => a.operand === operand && a.direction === wanted))
      .map((direction) => ({ operand, direction }));
  });
}
