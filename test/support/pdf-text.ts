/**
 * The text of a PDF as Chromium writes it (ISO 32000-1 §9.10): compressed content streams, fonts with a ToUnicode map. For tests that look
 * whether something is on paper; spaces are left out, for they are often only distances there.
 */
import { inflateSync } from 'node:zlib';

type Pdf = ReadonlyMap<number, { readonly head: string; readonly stream: string }>;

export function textOfPdf(bytes: Uint8Array): { readonly pages: number; readonly text: string } {
  const pdf = objectsOf(Buffer.from(bytes).toString('latin1'));
  const objects = [...pdf.values()];
  const fonts = new Map(objects.flatMap(({ head }) => fontsNamedIn(head, pdf)));
  const text = objects.map(({ stream }) => (/\bBT\b/.test(stream) ? shownBy(stream, fonts) : '')).join('\n');
  return { pages: objects.filter(({ head }) => /\/Type\s*\/Page\b/.test(head)).length, text };
}

/** `/Font <</F4 4 0 R>>`: each with what its glyphs stand for. */
function fontsNamedIn(head: string, pdf: Pdf): readonly (readonly [string, Glyphs])[] {
  const lists = [...head.matchAll(/\/Font\s*<<([^>]*)>>/g)].map(([, list = '']) => list);
  return lists.flatMap((list) =>
    [...list.matchAll(/\/(\w+)\s+(\d+) 0 R/g)].flatMap(([, name = '', id]) => {
      const map = /\/ToUnicode\s+(\d+) 0 R/.exec(pdf.get(Number(id))?.head ?? '')?.[1];
      return map === undefined ? [] : [[name, unicodeOf(pdf.get(Number(map))?.stream ?? '')] as const];
    }),
  );
}

function objectsOf(file: string): Pdf {
  const found = new Map<number, { head: string; stream: string }>();
  for (const [, id = '', body = ''] of file.matchAll(/(?:^|\n)(\d+) 0 obj\s([\s\S]*?)\nendobj/g)) {
    const at = body.search(/stream\r?\n/);
    const head = at < 0 ? body : body.slice(0, at);
    const raw = at < 0 ? '' : body.slice(at).replace(/^stream\r?\n/, '');
    const length = Number(/\/Length\s+(\d+)/.exec(head)?.[1] ?? 0);
    found.set(Number(id), { head, stream: inflated(head, raw.slice(0, length)) });
  }
  return found;
}

function inflated(head: string, raw: string): string {
  if (!head.includes('/FlateDecode')) return raw;
  try {
    return inflateSync(Buffer.from(raw, 'latin1')).toString('latin1');
  } catch {
    return '';
  }
}

const charOf = (hex: string): string =>
  String.fromCharCode(...(hex.match(/.{4}/g) ?? []).map((unit) => Number.parseInt(unit, 16)));

/** By glyph, four hexadecimal digits. */
type Glyphs = ReadonlyMap<string, string>;
const hexOf = (value: number): string => value.toString(16).padStart(4, '0');
const inside = (map: string, kind: string): readonly string[] =>
  [...map.matchAll(new RegExp(`begin${kind}([\\s\\S]*?)end${kind}`, 'g'))].map(([, list = '']) => list);

function unicodeOf(map: string): Glyphs {
  const glyphs = new Map<string, string>();
  const set = (glyph: number, to: string): unknown => glyphs.set(hexOf(glyph).toUpperCase(), charOf(to));
  for (const [, glyph = '', to = ''] of inside(map, 'bfchar')
    .join('')
    .matchAll(/<(\w+)>\s*<(\w+)>/g))
    set(Number.parseInt(glyph, 16), to);
  for (const found of inside(map, 'bfrange')
    .join('')
    .matchAll(/<(\w+)>\s*<(\w+)>\s*<(\w+)>/g)) {
    const [from = 0, until = 0, to = 0] = found.slice(1).map((hex) => Number.parseInt(hex, 16));
    for (let glyph = from; glyph <= until; glyph += 1) set(glyph, hexOf(to + glyph - from));
  }
  return glyphs;
}

function shownBy(stream: string, fonts: ReadonlyMap<string, Glyphs>): string {
  let font: Glyphs | undefined;
  let text = '';
  for (const [token, name] of stream.matchAll(/\/(\w+)\s+[\d.]+\s+Tf|<[0-9A-Fa-f]+>/g)) {
    if (name !== undefined) font = fonts.get(name);
    else for (const glyph of token.slice(1, -1).toUpperCase().match(/.{4}/g) ?? []) text += font?.get(glyph) ?? '';
  }
  // Ligatures as the letters they stand for.
  return text.normalize('NFKC').replaceAll(/\s/g, '');
}
