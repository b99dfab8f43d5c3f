//! How knowledge gets out of Annals: pages, charts, SQL, mail, exports.
