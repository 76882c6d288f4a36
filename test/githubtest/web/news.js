// Says when something has happened since the page was made. The page works without it.
const news = document.getElementById("news");

async function look() {
  const answer = await fetch("/-/news");
  news.hidden = !answer.ok || (await answer.text()) === news.dataset.moment;
}

setInterval(() => document.hidden || look().catch(() => {}), 1500);
