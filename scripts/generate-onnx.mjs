/**
 * Generates the reader of ONNX's messages from `src/mapping/workload/onnx/onnx.proto`, after that
 * file has changed:
 *
 *     node scripts/generate-onnx.mjs
 */
import { inRoot } from './lib/paths.mjs';
import { run } from './lib/run.mjs';

const GENERATOR = ['--yes', '--package', 'protobufjs-cli@2.7.1', 'pbjs'];
const FOLDER = inRoot('src/mapping/workload/onnx');
/** Decoding only. */
const OPTIONS = `--target static-module --wrap esm --dependency protobufjs/minimal.js 
  --no-create --no-encode --no-verify --no-convert --no-delimited --no-typeurl
  --no-service --no-comments`.split(/\s+/);

await run('npx', [...GENERATOR, ...OPTIONS, '-o', `${FOLDER}/onnx-pb.js`, `${FOLDER}/onnx.proto`]);
