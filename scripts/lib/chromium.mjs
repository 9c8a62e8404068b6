import puppeteer from 'puppeteer-core';
import { ensureChromium } from './setup.mjs';

/**
 * The flags that a headless Chromium needs in a container (where the user is often root), and those
 * that keep it from the network.
 */
export const CHROMIUM_FLAGS = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

/**
 * Opens a page in a headless Chromium, hands it to `action`, and closes the browser whatever comes.
 *
 * @template T
 * @param {(page: import('puppeteer-core').Page) => Promise<T>} action
 * @returns {Promise<T>} what `action` returns
 */
export async function withPage(action) {
  const browser = await puppeteer.launch({
    executablePath: await ensureChromium(),
    args: CHROMIUM_FLAGS,
    protocolTimeout: 10 * 60_000,
  });
  try {
    return await action(await browser.newPage());
  } finally {
    await browser.close();
  }
}
