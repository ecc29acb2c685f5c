// Answers on this phone: an ordered store that outlives the page, the browser and a lost network.
const STATIC = "contado-inspections";

function opened() {
  return new Promise((done, failed) => {
    const ask = indexedDB.open("contado-inspections", 1);
    ask.onupgradeneeded = () => ask.result.createObjectStore("answers", { keyPath: "n", autoIncrement: true });
    ask.onsuccess = () => done(ask.result);
    ask.onerror = () => failed(ask.error);
  });
}

async function within(mode, act) {
  const db = await opened();
  try {
    return await new Promise((done, failed) => {
      const work = db.transaction("answers", mode, { durability: "strict" });
      const ask = act(work.objectStore("answers"));
      work.oncomplete = () => done(ask.result);
      work.onerror = work.onabort = () => failed(work.error);
    });
  } finally {
    db.close();
  }
}

export const put = (entry) => within("readwrite", (store) => store.put(entry));
export const drop = (n) => within("readwrite", (store) => store.delete(n));
export const all = async (account) => (await within("readonly", (store) => store.getAll())).filter((e) => !account || e.account === account);
export const forgetPages = () => caches.delete(STATIC);
