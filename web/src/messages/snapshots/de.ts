/** German of stored snapshots. */
import type { en } from './en.ts';

export const de: Record<keyof typeof en, string> = {
  title: 'Schnappschüsse',
  camera: 'Kamera',
  note: 'Notiz',
  noteHelp: 'Freiwillig, höchstens 200 Zeichen',
  take: 'Schnappschuss aufnehmen',
  taken: 'Der Schnappschuss wurde gespeichert',
  emptyTitle: 'Keine Schnappschüsse von {name}',
  emptyText:
    'Nehmen Sie hier oder in der Live-Ansicht einen auf: Das letzte Bild der Kamera wird neben ihren Aufnahmen aufbewahrt.',
  noCameraTitle: 'Noch keine Kamera',
  noCameraText: 'Schnappschüsse werden von Kameras aufgenommen; fügen Sie zuerst eine hinzu.',
  picture: 'Schnappschuss von {name}, {time}',
  play: 'Abspielen, was dabei aufgezeichnet wurde',
  by: 'Aufgenommen von {user}',
  at: 'auf {server} aufgenommen',
  kept: 'liegt auf {server}',
  away: '{server} lässt sich jetzt nicht fragen und bewahrt vielleicht weitere Schnappschüsse auf.',
  unreachable: 'Weder {server} noch ein Server an seiner Stelle lässt sich jetzt fragen.',
  more: 'Ältere zeigen',
  delete: 'Löschen',
  deleteOne: 'Schnappschuss von {time} löschen',
  deleteTitle: 'Diesen Schnappschuss löschen?',
  deleteText: 'Das Bild von {time} wird endgültig gelöscht. Die Aufnahmen bleiben.',
  deleted: 'Der Schnappschuss wurde gelöscht',
};
