/**
 * Faults to put into the sources, one at a time: each replaces the one place where a file says `from`.
 *
 * @type {{what: string, file: string, from: string, to: string}[]}
 */
export const MUTATIONS = [
  {
    what: 'a kernel of two operands: the remainder reads the first twice',
    file: 'kernels/pointwise.ts',
    from: 'apply(operation, loadLanes(a, rest), loadLanes(b, rest))',
    to: 'apply(operation, loadLanes(a, rest), loadLanes(a, rest))',
  },
  {
    what: 'kernels: of three channels left over, the last is not stored',
    file: 'kernels/vector.ts',
    from: 'if (count == 3) v128.store32_lane(ptr, x, 2, 8);',
    to: '',
  },
  {
    what: 'kernels: clamping loses NaN',
    file: 'kernels/vector.ts',
    from: 'f32x4.pmin(f32x4.pmax(x, min), max)',
    to: 'f32x4.pmin(max, f32x4.pmax(min, x))',
  },
  {
    what: 'average pool: eight channels are divided by one tap too many',
    file: 'kernels/pool.ts',
    from: 'const count = f32x4.splat(<f32>inside);',
    to: 'const count = f32x4.splat(<f32>(inside + 1));',
  },
  {
    what: 'depthwise convolution: few channels read the weights of the first',
    file: 'kernels/dwconv.ts',
    from: 'weights + ((<usize>(t * channels + c)) << 2)',
    to: 'weights + ((<usize>(t * channels)) << 2)',
  },
  {
    what: 'region rule: a convolution asks for the pixels of its output',
    file: 'src/ops/convolution.ts',
    from: 'const field = window.receptiveField(evaluation.runtime, want);',
    to: 'const field = want.retain();',
  },
  {
    what: 'strips: a window ends a row too early',
    file: 'src/graph/window.ts',
    from: '(row % g.outHeight) * g.strideHeight - g.padTop + (g.kernelHeight - 1) * g.dilationHeight',
    to: '(row % g.outHeight) * g.strideHeight - g.padTop + (g.kernelHeight - 2) * g.dilationHeight',
  },
  {
    what: 'bands: the halo above a band is missing',
    file: 'src/graph/strips.ts',
    from: 'windowed && producer.window ? producer.window.firstInput(pixel) : pixel)',
    to: 'pixel)',
  },
  {
    what: 'reference count: values go with their last reader but one',
    file: 'src/graph/storage.ts',
    from: 'if (--storage.users > 0) continue;',
    to: 'if (--storage.users > 1) continue;',
  },
  {
    what: 'reference count: a borrowed tensor is not given back',
    file: 'src/backend.ts',
    from: 'ready.releaseId();\n    this.dataIdMap.delete(dataId);',
    to: 'ready.releaseId();',
  },
  {
    what: 'in place: a sum overwrites values that somebody else reads',
    file: 'src/ops/add.ts',
    from: 'source.references === 2 && ',
    to: '',
  },
  {
    what: 'sign flag: a second sum forgets where it may be negative',
    file: 'src/ops/add.ts',
    from: 'negatives.union(added)',
    to: 'negatives.retain()',
  },
  {
    what: 'packing key: filters are told apart by how many taps they have',
    file: 'src/lowering/packing.ts',
    from: 'return a.length === b.length && a.every((tap, index) => tap === b[index]);',
    to: 'return a.length === b.length;',
  },
  {
    what: 'packing key: another bias makes no difference',
    file: 'src/graph/storage.ts',
    from: 'if (packs[at]?.key === key) return packs[at].pointer;',
    to: 'if (at >= 0) return packs[at].pointer;',
  },
  {
    what: 'epilogue: a bias is added after bounds as if before them',
    file: 'src/graph/rows.ts',
    from: 'if (this.isClamped || !this.addBias) return false;',
    to: 'if (!this.addBias) return false;',
  },
  {
    what: 'masks: every mask is taken for ones',
    file: 'src/graph/mask.ts',
    from: 'const allOnes = heap.i32[flag >>> 2] === 1;',
    to: 'const allOnes = true;',
  },
  {
    what: 'masks: a mask of one image is not repeated for the others',
    file: 'src/ops/multiply.ts',
    from: '(pixels === 0 ? row : i32[pixels + row]) % period;',
    to: '(pixels === 0 ? row : i32[pixels + row]);',
  },
  {
    what: 'masks: a number is taken for one',
    file: 'src/ops/multiply.ts',
    from: 'return view.shape.length < 2 || (backend',
    to: 'return (backend',
  },
  {
    what: 'a map of one pixel: the number that it is multiplied by is read before it is computed',
    file: 'src/ops/multiply.ts',
    from: 'mask.set.total === 1 && mask.set.isAll && !mask.isPending',
    to: 'mask.set.total === 1',
  },
  {
    what: 'rows of bytes: an absent pixel keeps what was in memory',
    file: 'src/graph/materialize.ts',
    from: 'if (from < 0) u8.fill(0, to, to + stride);',
    to: 'if (from < 0) continue;',
  },
  {
    what: 'transposed convolution: the padding of a phase is off by one',
    file: 'src/ops/conv2d-transpose.ts',
    from: 'pad: taps.length - 1 - (phase + pad - first) / stride,',
    to: 'pad: taps.length - (phase + pad - first) / stride,',
  },
  {
    what: 'memory: what a failed evaluation allocated is not freed',
    file: 'src/memory/arena.ts',
    from: 'for (const pointer of this.live) this.heap.free(pointer);',
    to: '',
  },
  {
    what: "trust: tfjs-backend-wasm's kernels get empty tensors",
    file: 'src/wasm-kernels.ts',
    from: '!types.includes(common) || isEmpty(input.shape)',
    to: '!types.includes(common)',
  },
  {
    what: 'kernels on the cpu backend: a list of inputs becomes an object',
    file: 'src/run-on-cpu.ts',
    from: '(Array.isArray(inputs) ? [] : {})',
    to: '({})',
  },
  {
    what: 'an activation that the convolution does not clamp to is left out',
    file: 'src/lowering/activation.ts',
    from: "case 'leakyrelu':\n        return leaky(",
    to: "case 'leakyrelu':\n        return rows;\n      case 'leaky':\n        return leaky(",
  },
  {
    what: 'rings: a kernel of runs of numbers runs beyond where a ring begins anew',
    file: 'kernels/rows.ts',
    from: 'return left < <u32>(r1 - r0) ? <i32>left + 1 : r1 - r0;',
    to: 'return r1 - r0;',
  },
  {
    what: 'rings: a line of a pool runs beyond where a ring begins anew',
    file: 'kernels/pool.ts',
    from: 'intact && <u32>(row + across) <= <u32>ring',
    to: 'intact',
  },
  {
    what: 'activations: the last values of a row are stored with what lies behind them',
    file: 'kernels/activations.ts',
    from: 'if (left < LANES) storeLanes(out, y, left);',
    to: 'if (left < LANES) v128.store(out, y);',
  },
  {
    what: 'activations: exp overflows too early',
    file: 'kernels/activations.ts',
    from: 'store<f32>(table, 89, MOST_EXP);',
    to: 'store<f32>(table, 88, MOST_EXP);',
  },
  {
    what: 'silu: the gate of other values is taken for that of these',
    file: 'src/ops/self-gate.ts',
    from: ' || node.inputs[0].storage !== x.storage',
    to: '',
  },
  {
    what: 'convolution: one number as bias is left out',
    file: 'src/ops/activated.ts',
    from: 'scaleAndShift(x, null, bias, want, evaluation)',
    to: 'scaleAndShift(x, null, null, want, evaluation)',
  },
  {
    what: 'stacks of matrices: the smaller one is counted over and over',
    file: 'src/ops/batch-mat-mul.ts',
    from: 'place * size + (size === 1 ? 0 : at)',
    to: 'size === 1 ? place : at',
  },
];
