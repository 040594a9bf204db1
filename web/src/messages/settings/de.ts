/** German of the settings. */
import type { en } from './en.ts';

export const de: Record<keyof typeof en, string> = {
  'tab.general': 'Allgemein',
  'tab.trust': 'Diesem Gerät vertrauen',
  'role.change': 'Rolle ändern',
  'role.title': 'Was soll dieses Gerät sein?',
  'role.save': 'Rolle ändern',
  'role.saved': 'Die Rolle dieses Geräts wurde geändert',
  'role.confirm': 'Dadurch endet etwas. Tippen Sie den Namen dieses Geräts, {name}, um trotzdem fortzufahren.',
  'site.member': 'Gehört zur Anlage von {name}',
  'site.locked': 'Änderungen macht man bei {name}; dieses Gerät ist dafür gesperrt.',
  'users.atHost':
    'Die Konten der Anlage liegen bei ihrem Host, {name}, und gelten dort für jeden Server. Die hier sind für den Tag, an dem der Host fehlt.',
  'updates.title': 'Aktualisierung',
  'updates.own': 'Dieses Gerät läuft mit Version {version}.',
  'updates.same': 'Alle {all} anderen der Anlage auch.',
  'updates.older': 'Älter, {n} von {all}: {names}.',
  'updates.newer': 'Neuer, {n} von {all}: {names}. Aktualisieren Sie auch dieses Gerät.',
  'updates.unknown': 'Noch nicht bekannt, {n} von {all}: bisher kein Kontakt.',
  'updates.how':
    'Von dieser Seite aus wird nichts installiert. Eine neuere Version wird an jedem Gerät selbst installiert: im Paketzentrum des NAS, wenn sie als Paket kam, sonst mit den Befehlen des README. Einstellungen und Aufnahmen bleiben.',
  'updates.order':
    'Ein Gerät nach dem anderen, den Host zuletzt: Er fügt keinen Server hinzu, der älter ist als er selbst. Übergeben Sie vorher (Failover › Aktivität), damit die Failover-Server inzwischen aufzeichnen.',
  'tokens.deleteTitle': 'Token {name} löschen?',
  'tokens.deleteText':
    'Was sich damit anmeldet, wird ab jetzt abgewiesen, und es kommt nicht zurück: Ein neues hat ein neues Geheimnis.',
  'tokens.deleteUse': 'Es wurde {used}.',
  'users.saved': '{name} wurde gespeichert',
  'users.newPassword': 'Neues Passwort',
  'users.currentPassword': 'Ihr jetziges Passwort',
  'users.allCameras': 'Darf alle Kameras sehen',
  'users.cameras': 'Kameras, die zu sehen sind',
  'users.someCameras': '{n} Kameras',
  'users.toHost': 'Benutzer der Anlage',
  'integrations.title': 'Anbindungen',
  'integrations.metrics': 'Messwerte',
  'integrations.metricsText': 'Für Prometheus. Fragt nach einem Token beliebiger Rolle, wenn sie nicht offen sind.',
  'integrations.open': 'Messwerte stehen jedem in diesem Netz offen',
  'integrations.openHint': 'Keine Bilder und keine Benutzernamen, aber Namen der Kameras und wie es ihnen geht.',
  'integrations.api': 'API',
  'integrations.apiText':
    'Das OpenAPI-Dokument zu allem, was diese Seite kann. Skripte melden sich mit einem Token an.',
  'integrations.hosts': 'Namen dieses Geräts',
  'integrations.hostsHint':
    'Einer je Zeile: Namen neben den Adressen, unter denen Browser es erreichen dürfen, etwa der eines Reverse-Proxys.',
  'integrations.saved': 'Gespeichert',
  'backup.title': 'Sichern und Wiederherstellen',
  'backup.text':
    'Die Einstellungen dieses Geräts in einer Datei: Kameras mit ihren Passwörtern, Konten, Failover-Einstellungen. Aufnahmen sind nicht darin.',
  'backup.make': 'Einstellungen sichern',
  'backup.made': 'Die Einstellungen wurden gesichert',
  'backup.download': 'Sicherung herunterladen',
  'backup.keep':
    'Die Datei wird mit einer Passphrase verschlüsselt, die Sie wählen. Nichts anderes öffnet sie, und dieses Gerät bewahrt sie nicht auf: Schreiben Sie sie auf.',
  'backup.passphrase': 'Passphrase',
  'backup.passphraseHint': 'Mindestens {n} Zeichen; ein paar Wörter genügen.',
  'backup.again': 'Passphrase noch einmal',
  'backup.differs': 'Das ist nicht dasselbe',
  'restore.open': 'Einstellungen wiederherstellen',
  'restore.title': 'Einstellungen wiederherstellen',
  'restore.text':
    'Zuerst sehen Sie, was sich ändern würde. Kameras, die bleiben, wie sie sind, nehmen weiter auf; Aufnahmen, Volumes, Zertifikat und der Platz in einem Standort bleiben, wie sie sind.',
  'restore.file': 'Sicherungsdatei',
  'restore.tooLarge': 'Diese Datei ist zu groß für eine Sicherung von Einstellungen',
  'restore.unreadable': 'Der Browser kann diese Datei nicht lesen',
  'restore.show': 'Zeigen, was sich ändern würde',
  'restore.do': 'Wiederherstellen',
  'restore.done': 'Die Einstellungen wurden wiederhergestellt.',
  'restore.of': 'Sicherung von {name} vom {at}, gemacht von Version {version}.',
  'restore.otherBox':
    'Das ist die Sicherung eines anderen Geräts. Seine Kameras, Konten und sein Name kommen hierher; Ordner, Volumes und Adressen bleiben die dieses Geräts.',
  'restore.becomes': '{before} wird zu {after}',
  'restore.added': '{what}: neu',
  'restore.changed': '{what}: geändert',
  'restore.removed': '{what}: entfernt',
  'restore.users': 'Konten',
  'restore.tokens': 'Token',
  'restore.settings': 'Andere Einstellungen, die sich ändern',
  'restore.volumes': 'Von Hand hinzuzufügende Volumes',
  'restore.nothing': 'Alles ist schon so wie in der Sicherung.',
  'restore.unchanged': '{n} Kameras bleiben, wie sie sind',
  'restore.confirm':
    'Dabei wird etwas entfernt. Geben Sie den Namen dieses Geräts ein, {name}, um trotzdem fortzufahren.',
  'trust.why':
    'Dieses Gerät hat sein Zertifikat selbst gemacht; niemand sonst bürgt dafür, und Browser warnen. Vertraut ein Gerät dem Zertifikat, endet die Warnung, und sie käme nur wieder, wenn jemand dazwischen stünde.',
  'trust.compare': '1. Vergleichen',
  'trust.compareText':
    'Der Fingerabdruck hier muss der sein, den der Browser für diese Seite zeigt (Schloss oder Warnzeichen in der Adresszeile, dann Zertifikat), und der, den der Dienst beim Start ausgibt. Unterscheiden sie sich, gehen Sie nicht weiter.',
  'trust.download': '2. Herunterladen',
  'trust.downloadText': 'Das Zertifikat enthält nichts Geheimes. Es nennt dieses Gerät und gilt nur für dieses Gerät.',
  'trust.button': 'Zertifikat herunterladen',
  'trust.install': '3. Auf diesem Gerät vertrauen',
  'trust.windows': 'Windows: Chrome und Edge',
  'trust.windowsText':
    'Die Datei öffnen, Zertifikat installieren, Aktueller Benutzer, dann „Alle Zertifikate in folgendem Speicher speichern“: Vertrauenswürdige Stammzertifizierungsstellen. Den Browser neu starten.',
  'trust.mac': 'macOS: Safari und Chrome',
  'trust.macText':
    'Die Datei öffnen; die Schlüsselbundverwaltung nimmt sie auf. Dort doppelt anklicken, Vertrauen öffnen und Immer vertrauen wählen.',
  'trust.ios': 'iPhone und iPad',
  'trust.iosText':
    'iOS vertraut nur Zertifizierungsstellen, und das ist dieses Zertifikat nicht. Nicht installieren: bei der Warnung Details einblenden wählen, bei Zertifikat ansehen vergleichen, dann diese Website besuchen. Safari merkt es sich.',
  'trust.linux': 'Linux: Chrome und Chromium',
  'trust.linuxText': 'Paket libnss3-tools, dann im Ordner der Datei:',
  'trust.firefox': 'Firefox, überall',
  'trust.firefoxText':
    'Firefox führt eine eigene Liste: bei der Warnung Erweitert wählen, bei Zertifikat anzeigen den Fingerabdruck vergleichen, dann Risiko akzeptieren und fortfahren. Er fragt einmal.',
  'trust.android': 'Android',
  'trust.androidText':
    'Android vertraut nur Zertifizierungsstellen, und das ist dieses Zertifikat nicht: bei der Warnung Erweitert wählen, dann Weiter. Chrome fragt von Zeit zu Zeit wieder.',
  'trust.name':
    'Das Zertifikat enthält die Namen und Adressen, die dieses Gerät hatte, als es gemacht wurde. Unter einem anderen Namen warnen Browser weiter; nehmen Sie einen von diesen: {names}.',
};
