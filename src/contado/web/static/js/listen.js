// Who may hear of drives that go on listens from the start; what shows them comes with the first one.
const box = document.getElementById("ct-live");
let mark = "", shown;

function show(act) {
  shown ??= import(box.dataset.module);
  shown.then(act, () => {
    shown = null; // the network may come back
    setTimeout(show, 1000, act);
  });
}

const poll = () => show((live) => live.poll(mark));
if (window.EventSource) {
  const stream = new EventSource(box.dataset.events);
  stream.onmessage = (message) => {
    mark = message.lastEventId || mark;
    show((live) => live.take(JSON.parse(message.data)));
  };
  stream.onerror = () => {
    if (stream.readyState === EventSource.CLOSED) poll();
  };
} else poll();
