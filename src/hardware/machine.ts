/**
 * What machine this is: its model, as a server is called by it when several are added at once (product A6), and what speaks against
 * protecting it (product F1).
 *
 * Belongs here: reading both from the system. Does not: what follows from it (site).
 */
import { closeSync, existsSync, openSync, readSync } from 'node:fs';
import { join } from 'node:path';
import { findFrameGrabbers, readGrabberTable } from './frame-grabbers.ts';

export type MachineFacts = {
  readonly model: string | undefined;
  /** `process.platform`. */
  readonly platform: string;
  /** Names of frame grabber cards that were found. */
  readonly frameGrabbers: string[];
};

const MAX_FILE_BYTES = 65_536;
const MAX_MODEL_CHARACTERS = 64;
const MAX_GRABBERS = 32;
/** What makers of boards leave in when nobody fills it in. */
const NO_MODEL =
  /^(none|default string|system product name|product name|unknown|not (specified|applicable)|n\/a|to be filled by o\.?e\.?m\.?)$/i;

/** Beside the sources, and beside what is built of them. */
const TABLE = ['../../hw/frame-grabbers.json', '../hw/frame-grabbers.json']
  .map((path) => join(import.meta.dirname, path))
  .find((path) => existsSync(path));

export function machineFacts(): MachineFacts {
  const cards = TABLE === undefined ? [] : findFrameGrabbers(readGrabberTable(TABLE));
  const frameGrabbers = cards
    .filter(({ confidence }) => confidence === 'sure')
    .map(({ slot, id }) => `${id} at ${slot}`);
  return { model: machineModel(), platform: process.platform, frameGrabbers: frameGrabbers.slice(0, MAX_GRABBERS) };
}

/** As its maker calls it; `root`: of the file system. */
export function machineModel(root = '/'): string | undefined {
  const candidates = [
    // Synology; quoted, without the maker.
    /^upnpmodelname="?([^"\n]*)"?\s*$/m.exec(textIn(join(root, 'etc.defaults/synoinfo.conf')))?.[1],
    // Boards with a device tree: ends with a zero byte (Devicetree Specification 0.4 §2.3.2).
    textIn(join(root, 'proc/device-tree/model')),
    // SMBIOS 3.6 §7.2.
    textIn(join(root, 'sys/class/dmi/id/product_name')),
  ];
  return candidates.map(plainText).find((text) => text !== '' && !NO_MODEL.test(text));
}

const plainText = (text = ''): string =>
  Array.from(text.replaceAll(/[\p{C}\s]+/gu, ' ').trim())
    .slice(0, MAX_MODEL_CHARACTERS)
    .join('')
    .trim();

function textIn(file: string): string {
  let descriptor: number | undefined;
  try {
    descriptor = openSync(file, 'r');
    const bytes = Buffer.alloc(MAX_FILE_BYTES);
    return bytes.toString('utf8', 0, readSync(descriptor, bytes));
  } catch {
    return '';
  } finally {
    if (descriptor !== undefined) closeSync(descriptor);
  }
}
