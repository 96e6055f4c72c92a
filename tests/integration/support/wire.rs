//! A proxy on loopback that does wrong between a client and a real server: cuts, stalls and
//! changes bytes on their way.

use std::collections::VecDeque;
use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

/// The way that bytes go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    /// From the client to the server.
    Up,
    /// From the server to the client.
    Down,
}

/// What is done wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wrong {
    /// The connection ends, on both sides.
    Cut,
    /// Nothing moves any more; the connection stays open.
    Stall,
    /// One bit of one byte is another.
    Flip,
}

/// A proxy for one server.
pub struct FaultProxy {
    host: String,
    faults: Arc<Mutex<VecDeque<(Way, usize, Wrong)>>>,
}

impl FaultProxy {
    /// Passes on what comes to the server at `server`.
    pub fn to(server: &str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let host = listener.local_addr().unwrap().to_string();
        let faults: Arc<Mutex<VecDeque<_>>> = Arc::default();
        let (server, shared) = (server.to_owned(), Arc::clone(&faults));
        std::thread::spawn(move || {
            for client in listener.incoming() {
                let (client, server) = (client.unwrap(), TcpStream::connect(&server).unwrap());
                for (way, from, to) in [(Way::Up, &client, &server), (Way::Down, &server, &client)]
                {
                    let (from, to) = (from.try_clone().unwrap(), to.try_clone().unwrap());
                    let faults = Arc::clone(&shared);
                    std::thread::spawn(move || pump(way, from, to, &faults));
                }
            }
        });
        Self { host, faults }
    }

    /// Where it listens.
    pub fn host(&self) -> &str {
        &self.host
    }

    /// Does `wrong` to the first connection on which so many bytes have gone this way. Of
    /// several faults one after the other comes.
    pub fn fault(&self, way: Way, bytes: usize, wrong: Wrong) {
        self.faults.lock().unwrap().push_back((way, bytes, wrong));
    }

    /// How many faults have not come yet.
    pub fn left(&self) -> usize {
        self.faults.lock().unwrap().len()
    }
}

fn pump(
    way: Way,
    mut from: TcpStream,
    mut to: TcpStream,
    faults: &Mutex<VecDeque<(Way, usize, Wrong)>>,
) {
    let (mut buffer, mut gone) = (vec![0; 16 << 10], 0);
    while let Ok(length @ 1..) = from.read(&mut buffer) {
        let piece = &mut buffer[..length];
        let due = {
            let mut faults = faults.lock().unwrap();
            let first = faults.front().copied();
            let due = first.filter(|(on, at, _)| *on == way && *at < gone + length);
            due.inspect(|_| {
                faults.pop_front();
            })
        };
        if let Some((_, at, wrong)) = due {
            let at = at.saturating_sub(gone);
            match wrong {
                Wrong::Flip => piece[at] ^= 1,
                Wrong::Cut | Wrong::Stall => {
                    // the other side may have gone already
                    let _ = to.write_all(&piece[..at]);
                    if wrong == Wrong::Stall {
                        // until the client gives up
                        while matches!(from.peek(&mut [0]), Ok(1..)) && to.take_error().is_ok() {
                            std::thread::sleep(std::time::Duration::from_millis(20));
                            if to.write(&[]).is_err() {
                                break;
                            }
                        }
                    }
                    let _ = from.shutdown(Shutdown::Both);
                    let _ = to.shutdown(Shutdown::Both);
                    return;
                }
            }
        }
        gone += length;
        if to.write_all(piece).is_err() {
            break;
        }
    }
    let _ = to.shutdown(Shutdown::Write);
}
