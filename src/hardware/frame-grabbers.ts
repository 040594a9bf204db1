/**
 * Frame grabber cards of this box, read from sysfs: servers with one cannot be protected, because a failover server cannot
 * reach what is plugged into it (product F1). The ids are data: `hw/frame-grabbers.json`.
 *
 * Belongs here: finding the cards. Does not: what follows from it (site, failover).
 */
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { basename, join } from 'node:path';

export type FrameGrabber = {
  /** PCI address, such as `0000:03:00.0`. */
  readonly slot: string;
  /** `vendor:device` in hex. */
  readonly id: string;
  /** `likely`: a video capture device that no table knows; the owner is asked. */
  readonly confidence: 'sure' | 'likely';
};
export type GrabberTable = {
  readonly ids: readonly string[];
  readonly makers: readonly string[];
  readonly drivers: readonly string[];
};

/** PCI class 03: display controllers; 12: processing accelerators. Many have a capture side that is none. */
const NOT_CAPTURE = /^0x(03|12)/;
/** PCI class 0400: multimedia video controller. */
const VIDEO_CLASS = /^0x0400/;
const MAX_DEVICES = 4096;

/** `sysfs`: where it is mounted. Nothing there (no Linux, no PCI): no cards. */
export function findFrameGrabbers(table: GrabberTable, sysfs = '/sys'): readonly FrameGrabber[] {
  const folder = join(sysfs, 'bus/pci/devices');
  return namesIn(folder)
    .slice(0, MAX_DEVICES)
    .flatMap((slot) => grabberAt(table, join(folder, slot), slot) ?? []);
}

function grabberAt(table: GrabberTable, device: string, slot: string): FrameGrabber | undefined {
  const kind = textIn(join(device, 'class'));
  if (NOT_CAPTURE.test(kind)) return undefined;
  const [vendor, model] = [textIn(join(device, 'vendor')), textIn(join(device, 'device'))].map((text) => text.slice(2));
  const id = `${vendor}:${model}`;
  // Directly under the PCI device: the webcams of a USB controller sit below an interface.
  const captures = VIDEO_CLASS.test(kind) && namesIn(join(device, 'video4linux')).length > 0;
  const isKnown =
    table.ids.includes(id) || table.makers.includes(vendor ?? '') || table.drivers.includes(driverOf(device));
  if (isKnown || captures) return { slot, id, confidence: 'sure' };
  return VIDEO_CLASS.test(kind) ? { slot, id, confidence: 'likely' } : undefined;
}

/** From the file of the product. @throws system errors, SyntaxError */
export function readGrabberTable(file: string): GrabberTable {
  const value: unknown = JSON.parse(readFileSync(file, 'utf8'));
  const record = typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
  const listOf = (name: string): readonly string[] => {
    const list = record[name];
    return Array.isArray(list) ? list.filter((item) => typeof item === 'string') : [];
  };
  return { ids: listOf('ids'), makers: listOf('makers'), drivers: listOf('drivers') };
}

function namesIn(folder: string): readonly string[] {
  try {
    return readdirSync(folder).sort();
  } catch {
    return [];
  }
}

function textIn(file: string): string {
  try {
    return readFileSync(file, 'utf8').trim();
  } catch {
    return '';
  }
}

function driverOf(device: string): string {
  try {
    return basename(readlinkSync(join(device, 'driver')));
  } catch {
    return '';
  }
}
