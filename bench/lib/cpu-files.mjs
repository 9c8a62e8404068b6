/** Writes a measured processor in ZigZag's and Stream's YAML. */

/** Bits of a number, float32. */
const ELEMENT = 32;
/** Numbers of a vector of 128 bits. */
const LANES = 4;
/**
 * Energies in pJ, not measured: a multiply and an add in float32, and memories for 64 bits by their
 * size (Horowitz, "Computing's Energy Problem", ISSCC 2014, 45 nm).
 */
const ENERGY = { multiplyAdd: 4.6, register: 1, caches: [20, 100, 500], memory: 2600 };

const round = (value) => Number(value.toPrecision(3));

/** The platform: both arrays, in one memory. */
export function platformFile({ machine }) {
  return `# This CPU as two PE arrays. Written by \`npm run measure-cpu\`: ${machine}.
# Cycles and bandwidths are measured; energies are not.
name: ${JSON.stringify(`CPU with WebAssembly SIMD: ${machine}`)}

cores:
  0: cpu-main-array.yaml # a lane of the main path: classical convolutions
  1: cpu-side-array.yaml # a lane for depthwise and decision layers, additions and pools
`;
}

/** A lane: a core of the processor, and the microkernels of its array. */
export function coreFile(array, { machine, caches, pipeline, registers }, microkernels) {
  const vector = ELEMENT * LANES;
  const names = ['l1', 'l2', 'l3'];
  const loads = vector * Math.round(pipeline.loads);
  const stores = vector * Math.round(pipeline.stores);
  const levels = caches.slice(0, names.length).map((bytes, level) => ({
    name: names[level],
    bits: bytes * 8,
    energy: (ENERGY.caches[level] * vector) / 64,
    read: level === 0 ? loads : Math.round(pipeline.bandwidths[level - 1] * 8),
    write: level === 0 ? stores : Math.round(pipeline.bandwidths[level - 1] * 8),
  }));
  levels.push({
    name: 'memory',
    bits: 2 ** 40,
    energy: (ENERGY.memory * vector) / 64,
    read: Math.round(pipeline.bandwidths[names.length - 1] * 8),
    write: Math.round(pipeline.bandwidths[names.length - 1] * 8),
  });
  return `# A lane of the ${array} array: one core of the processor. Written by \`npm run measure-cpu\`: ${machine}.
# D1 are the lanes of a vector of 128 bits, D2 the vectors that are multiplied and added in a cycle.
# Sizes are in bits, bandwidths in bits a cycle, energies in pJ (Horowitz, ISSCC 2014, 45 nm; not measured).
name: cpu_${array}_array

memories:
  registers:
    size: ${registers * vector}
    r_cost: ${ENERGY.register}
    w_cost: ${ENERGY.register}
    operands: [O]
    ports:
      - { name: r1, type: read, bandwidth_min: ${ELEMENT}, bandwidth_max: ${2 * vector}, allocation: ["O, tl"] }
      - { name: r2, type: read, bandwidth_min: ${ELEMENT}, bandwidth_max: ${stores}, allocation: ["O, th"] }
      - { name: w1, type: write, bandwidth_min: ${ELEMENT}, bandwidth_max: ${2 * vector}, allocation: ["O, fl"] }
      - { name: w2, type: write, bandwidth_min: ${ELEMENT}, bandwidth_max: ${loads}, allocation: ["O, fh"] }
    served_dimensions: [D1, D2]
${levels.map(memory).join('')}
operational_array:
  unit_energy: ${ENERGY.multiplyAdd}
  unit_area: 0
  dimensions: [D1, D2]
  sizes: [${LANES}, ${Math.round(pipeline.multiplyAdds)}]

pipeline:
  clock_ghz: ${round(pipeline.clock)}
  multiply_add_latency: ${round(pipeline.multiplyAddLatency)} # cycles
  spilled_latency: ${round(pipeline.spilledLatency)} # cycles, where the sum goes through memory
  loads: ${round(pipeline.loads)} # vectors a cycle
  stores: ${round(pipeline.stores)}
  registers: ${registers} # of vectors: those of the instruction set that V8 hands out

microkernels: # their tiles are the spatial unrollings; cycles besides those of a tile's steps
${microkernels.map(microkernel).join('')}`;
}

function memory({ name, bits, energy, read, write }) {
  return `
  ${name}:
    size: ${bits}
    r_cost: ${energy}
    w_cost: ${energy}
    operands: [I1, I2, O]
    ports:
      - { name: r, type: read, bandwidth_min: ${ELEMENT}, bandwidth_max: ${read}, allocation: ["I1, tl", "I2, tl", "O, tl", "O, th"] }
      - { name: w, type: write, bandwidth_min: ${ELEMENT}, bandwidth_max: ${write}, allocation: ["I1, fh", "I2, fh", "O, fl", "O, fh"] }
    served_dimensions: [D1, D2]
`;
}

function microkernel({ name, operators, vectorLoop, tiles, ...cycles }) {
  const inline = (tile) =>
    `{ ${Object.entries(tile)
      .map(([dim, size]) => `${dim}: ${size}`)
      .join(', ')} }`;
  return `  - name: ${name}
    operators: [${operators.join(', ')}]
    vector_loop: ${vectorLoop}
    tiles: [${tiles.map(inline).join(', ')}]
    tile_cycles: ${round(cycles.tileCycles)}
    tap_cycles: ${round(cycles.tapCycles)}
    address_cycles: ${round(cycles.addressCycles)}
`;
}
