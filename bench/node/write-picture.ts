/** Writes the published workload's input as raw float32, for a page that cannot decode alike. */
import { writeFile } from 'node:fs/promises';
import { workloadPicture } from './host.js';

const { picture } = JSON.parse(process.argv[2]) as { picture: string };
await writeFile(picture, new Uint8Array((await workloadPicture()).buffer));
