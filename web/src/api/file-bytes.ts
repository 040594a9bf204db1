/** Bytes of a file that somebody chose, as the API takes them: base64 in JSON. Rejects when the browser cannot read it. */
export const base64Of = async (bytes: Blob, unreadable: string): Promise<string> =>
  await new Promise((resolve, reject) => {
    const reader = new FileReader();
    reader.addEventListener('load', () => {
      const { result } = reader;
      resolve(typeof result === 'string' ? (result.split(',', 2)[1] ?? '') : '');
    });
    reader.addEventListener('error', () => reject(new Error(unreadable)));
    reader.readAsDataURL(bytes);
  });
