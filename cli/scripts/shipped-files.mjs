/**
 * Copies what the package takes from the project's other folders, the shipped models and the
 * license, into it before it is packed.
 *
 *     node scripts/shipped-files.mjs            copies them
 *     node scripts/shipped-files.mjs --remove   takes the copies away again
 */
import { cpSync, rmSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const COPIES = [
  'LICENSE',
  'models/photos',
  'models/mobilenetv2-hourglass-s0125',
  'models/movenet-lightning',
  'models/movenet-thunder',
  'models/trained/mobilenetv2-dynamic-b025',
  'models/trained/resnet-dynamic-b025',
];

const inPackage = (path) => fileURLToPath(new URL(`../${path}`, import.meta.url));
const inProject = (path) => fileURLToPath(new URL(`../../${path}`, import.meta.url));

for (const path of ['LICENSE', 'models']) rmSync(inPackage(path), { recursive: true, force: true });
if (!process.argv.includes('--remove')) {
  for (const path of COPIES) cpSync(inProject(path), inPackage(path), { recursive: true });
}
