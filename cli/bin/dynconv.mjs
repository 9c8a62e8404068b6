#!/usr/bin/env node
/** The `dynconv` command. Kept apart from what is built, so that a fresh clone can link to it. */
import { existsSync } from 'node:fs';

const program = new URL('../dist/main.mjs', import.meta.url);
if (existsSync(program)) {
  await import(program);
} else {
  console.error('dynconv: it is not built yet: run npm start, or npm run build');
  process.exitCode = 2;
}
